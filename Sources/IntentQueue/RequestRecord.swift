internal import ErrorModel
internal import Files
internal import Foundation
internal import GRDB
internal import Privacy
internal import Storage

/// A row of the table `request`.
struct RequestRecord: Sendable, Codable, FetchableRecord, MutablePersistableRecord {
    static let databaseTableName = "request"

    /// The place in the order of submission, independent of the wall clock; assigned on insertion.
    var sequence: Int?
    var id: String
    var uid: UserID
    /// The user under whom it is counted and takes turns; another than `uid` for an ID of somebody's subordinate range.
    var account: UserID
    var base: String
    var label: String?
    /// The intent's words, see ``StoredText``; NULL once the request is final.
    var text: Data?
    /// ``IntentOptions`` as JSON; kept for a retry.
    ///
    /// NULL where an old version did not keep them, or they are damaged.
    var options: String?
    var state: RequestState
    /// Seconds since 1970 by the wall clock.
    var submittedAt: Double
    /// The running time at submission, in seconds; see `ServiceTime.Moment`.
    var submittedAge: Double
    /// Seconds since 1970 by the wall clock; set exactly when the request is final.
    var finishedAt: Double?
    /// The service's age at the request's end, in seconds.
    var endedAge = 0.0
    /// Set exactly when the request is done.
    var adapter: String?
    /// An `SgloradError` as JSON.
    var failure: String?
    var attempts = 0
    /// The fencing token of the worker that holds the request; set exactly while it is running.
    var lease: String?
    var isCancelRequested = false
    var keyHash: String?
    var contentHash: String?
    var spoolName: String?
    /// Whether the result, once there is one, must still be written into the spool.
    var isResultPending = false
    /// The workers that it waits for.
    var lane = QueueLane.direct

    enum CodingKeys: String, CodingKey {
        case sequence, id, uid, account, base, label, text, options, state, submittedAt, submittedAge,
            finishedAt
        case endedAge, adapter, failure, attempts, lease, keyHash, contentHash, spoolName, lane
        case isCancelRequested = "calledOff"
        case isResultPending = "isOwed"
    }

    enum Columns {
        static let sequence = Column(CodingKeys.sequence)
        static let id = Column(CodingKeys.id)
        static let uid = Column(CodingKeys.uid)
        static let account = Column(CodingKeys.account)
        static let label = Column(CodingKeys.label)
        static let state = Column(CodingKeys.state)
        static let submittedAge = Column(CodingKeys.submittedAge)
        static let finishedAt = Column(CodingKeys.finishedAt)
        static let endedAge = Column(CodingKeys.endedAge)
        static let attempts = Column(CodingKeys.attempts)
        static let lease = Column(CodingKeys.lease)
        static let isCancelRequested = Column(CodingKeys.isCancelRequested)
        static let keyHash = Column(CodingKeys.keyHash)
        static let contentHash = Column(CodingKeys.contentHash)
        static let isResultPending = Column(CodingKeys.isResultPending)
    }

    mutating func didInsert(_ inserted: InsertionSuccess) {
        sequence = Int(inserted.rowID)
    }
}

/// The conditions and queries that are needed in more than one place.
///
/// What every request needs is a cached statement: compiling it takes several times as long as running it.
extension RequestRecord {
    static let isOpen = Columns.finishedAt == nil
    static let isFinal = Columns.finishedAt != nil
    static let isQueued = Columns.state == RequestState.queued.rawValue
    static let isRunning = Columns.state == RequestState.running.rawValue

    /// The greatest number that any request has had, whether or not it is still there; 0 before the first.
    static func lastSequence(_ db: Database) throws -> Int {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'request'"
        return try Int.fetchOne(db.cachedStatement(sql: sql)) ?? 0
    }

    /// Finds a request by its identifier.
    static func find(_ id: String, in db: Database) throws -> RequestRecord? {
        try fetchOne(db.cachedStatement(sql: "SELECT * FROM request WHERE id = ?"), arguments: [id])
    }

    /// Finds a request by its place.
    static func find(at sequence: Int, in db: Database) throws -> RequestRecord? {
        try fetchOne(
            db.cachedStatement(sql: "SELECT * FROM request WHERE sequence = ?"), arguments: [sequence])
    }

    /// Whether anything is queued in a lane.
    static func isAnyQueued(_ db: Database, in lane: QueueLane) throws -> Bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM request WHERE state = 'queued' AND lane = ?)"
        return try Bool.fetchOne(db.cachedStatement(sql: sql), arguments: [lane.rawValue]) ?? false
    }

    /// Finds the request that a lease is for; nil where its token is no longer the request's.
    static func held(by lease: Lease, in db: Database) throws -> RequestRecord? {
        try fetchOne(
            db.cachedStatement(sql: "SELECT * FROM request WHERE id = ? AND lease = ?"),
            arguments: [lease.request, lease.token])
    }
}

extension RequestRecord {
    /// The intent; nil where its text, its options or its material cannot be read.
    func intent(_ db: Database) throws -> QueuedIntent? {
        guard let text = StoredText.text(text), let options = intentOptions else { return nil }
        guard options.material != nil else { return QueuedIntent(text: text, options: options) }
        guard let material = try MaterialRecord.find(id, in: db) else { return nil }
        return QueuedIntent(text: text, options: options, material: material)
    }

    /// The options; nil where they are not known or cannot be read.
    var intentOptions: IntentOptions? { StoredJSON.value(IntentOptions.self, options) }
}
