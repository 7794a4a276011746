public import ErrorModel
public import Files
public import SpoolForms

/// An intent that was read from a file in the spool.
public struct SpooledIntent: Sendable {
    /// The parsed content of the file.
    ///
    /// Its fields are not validated yet.
    public let intent: Form.Intent
    /// The file's owner.
    public let owner: UserID
    /// The name of the result file in `done/<uid>/`.
    public let name: String
    /// The intent's idempotency key: a SHA-256 of name and content, in hexadecimal.
    ///
    /// A file that is dropped again under the same name and with the same content, or that a crash left in `taking/`, has
    /// the same digest and must become the same request.
    public let digest: String

    /// Makes an intent from its parts.
    public init(intent: Form.Intent, owner: UserID, name: String, digest: String) {
        self.intent = intent
        self.owner = owner
        self.name = name
        self.digest = digest
    }

    /// The digest of a file: SHA-256 of the name in UTF-8, a zero byte, and the content.
    static func digest(name: String, content: [UInt8]) -> String {
        FileDigest.sha256(Array(name.utf8) + [0] + content)
    }
}

/// The backend's answer to one spooled intent.
public enum SpoolAdmission: Sendable {
    /// The intent is in the queue, durably, or was already. Its file is removed.
    case accepted
    /// There is no room for the intent now. Its file stays and is offered again.
    case deferred
    /// The intent is invalid. Its file is rejected with this reason once it has not changed for some seconds.
    case invalid(SgloradError)
}

/// A result that is not in the spool yet.
public struct UndeliveredResult: Sendable {
    /// The request's position in the queue's order, above 0.
    public let sequence: Int
    /// When the request became final, as the queue stores it.
    ///
    /// Together with `sequence` it identifies the result.
    public let ended: Double
    /// The user who gets the result.
    public let owner: UserID
    /// The name of the file in `done/<uid>/`.
    public let name: String
    /// The content of the file.
    public let result: Form.SpoolResult

    /// Makes a result from its parts.
    public init(sequence: Int, ended: Double, owner: UserID, name: String, result: Form.SpoolResult) {
        self.sequence = sequence
        self.ended = ended
        self.owner = owner
        self.name = name
        self.result = result
    }
}

/// The daemon, as the spool sees it: it has room for intents, admits them, and produces results to deliver.
public protocol SpoolBackend: Sendable {
    /// The most open requests that one user can have, above 0.
    ///
    /// No more than this number of a user's files are taken out of `new/` at a time.
    var mostPerUser: Int { get }

    /// The account that a user's files count under, for turns and shares; see `UserAccounts`.
    func account(of owner: UserID) -> UserID

    /// The age of a file of the spool in seconds, by the time of its last status change in seconds since 1970.
    ///
    /// The clock may have been set since: its steps must make no file older.
    func fileAge(changedAt time: Int) -> Int

    /// How many more intents of a user are admitted now; 0 if the user's share of the queue or of the disk is used up.
    func room(for owner: UserID) async throws(SgloradError) -> Int

    /// Whether the queue has room for one more intent of anybody.
    func hasRoom() async throws(SgloradError) -> Bool

    /// Validates intents and admits the valid ones in one commit.
    ///
    /// An intent whose digest the same user has used before is accepted again without a new request, and its result is
    /// delivered again.
    ///
    /// - Returns: one answer per intent, in the same order.
    /// - Throws: `storageFailure` if none could be made durable. Their files stay and are offered again.
    func admit(_ intents: [SpooledIntent]) async throws(SgloradError) -> [SpoolAdmission]

    /// The users with results of final requests that came through the spool and are not delivered.
    func owedUsers() async throws(SgloradError) -> [UserID]

    /// A user's results that are not delivered, in ascending order of `sequence`.
    ///
    /// - Parameters:
    ///   - owner: the user.
    ///   - sequence: only results with a higher `sequence`; 0 for all.
    ///   - limit: how many at most.
    func undelivered(
        for owner: UserID, after sequence: Int, limit: Int
    ) async throws(SgloradError) -> [UndeliveredResult]

    /// Records that results are in the spool, durably.
    ///
    /// A request that ended again since (its `ended` differs) stays undelivered.
    func delivered(_ results: [UndeliveredResult]) async throws(SgloradError)
}

extension SpoolBackend {
    /// The age by the wall clock alone.
    public func fileAge(changedAt time: Int) -> Int { wallClock() - time }
}
