public import ErrorModel
public import Executors
public import Files
internal import Foundation
internal import GRDB
internal import Storage

/// The queue of requests, durable before they are acknowledged: first come, first served within a user, users in turn.
///
/// A worker takes a request under a lease and ends it with the same lease. A worker that has lost its lease can change
/// nothing.
/// An intent's text is erased in the commit that makes its request final, unless ``QueueOptions/retainIntents`` keeps it
/// for a time.
///
/// The database holds the requests. The actor keeps in memory what need not survive a restart: the deadlines of leases
/// (`LeaseTable`), the streams of watchers (`RequestWatchers`), and the workers that wait for work (`IdleWorkers`).
public actor RequestQueue {
    public nonisolated let options: QueueOptions
    /// Rings when a result may be pending for the spool: a request has ended, or one that has ended was submitted again.
    public nonisolated let endings = Bell()

    let database: DurableDatabase
    /// Under whom each user is counted.
    let accounts: UserAccounts?
    /// How many requests were acknowledged by an earlier run and are no longer in the database, apart from those that ended.
    ///
    /// Not zero where the file, or its write-ahead log, has become shorter: it was damaged, removed, or an older one restored.
    public nonisolated let missingSubmissions: Int
    let witness: SubmissionWitness
    /// The time in which ages are counted, and leases.
    public nonisolated let time: ServiceTime
    let keys: IdempotencyKeys
    var leases: LeaseTable
    var watchers = RequestWatchers()
    var idleWorkers: [QueueLane: IdleWorkers] = [:]
    /// Whether a request that is queued may have been begun before, so that taking it must be durable: see `take(upTo:sharedBy:)`.
    var mayHoldBegun: Bool
    /// How often a begun request was requeued.
    var requeues = 0
    /// The number of the last request of earlier runs.
    let lastOfEarlierRuns: Int
    /// Whether the write-ahead log may still hold what the database has erased.
    private var logHoldsErased = true

    /// Opens the queue and requeues what an earlier run left running.
    ///
    /// - Parameters:
    ///   - path: the database's file.
    ///   - options: how much is admitted and kept.
    ///   - keyFile: the file of the secret that hashes idempotency keys; created if it is missing. By default
    ///     `idempotency.key` beside the database.
    ///   - time: the time in which ages are counted; by default that of the file `time` beside the database.
    ///   - accounts: under whom each user is counted; by default under their own ID.
    /// - Throws: `storageFailure` with SQLite's message.
    public init(
        path: String, options: QueueOptions = QueueOptions(), keyFile: String? = nil,
        time: ServiceTime? = nil, accounts: UserAccounts? = nil
    ) throws(SgloradError) {
        self.options = options
        let time =
            if let time { time } else { try ServiceTime(file: Path.parent(of: path) + "/time") }
        self.time = time
        self.accounts = accounts
        leases = LeaseTable(duration: options.lease)
        database = try DurableDatabase(
            path: path, description: QueueSchema.description)
        keys = try IdempotencyKeys(file: keyFile ?? Path.parent(of: path) + "/idempotency.key")
        let witness = SubmissionWitness(beside: path)
        self.witness = witness
        missingSubmissions = try Self.compare(database, with: witness)
        (lastOfEarlierRuns, mayHoldBegun) = try database.writeNow { db in
            (try RequestRecord.lastSequence(db), try !RequestRecord.filter(RequestRecord.isOpen).isEmpty(db))
        }
        try EarlierAge.takeOver(from: database, by: time)
        try database.writeNow { db in
            // The attempt stays counted: the request may be why the daemon died.
            _ = try RequestRecord.filter(RequestRecord.isRunning).updateAll(
                db, RequestRecord.Columns.state.set(to: RequestState.queued.rawValue),
                RequestRecord.Columns.lease.set(to: nil))
            try Retention.bringBack(db, to: time.now)
            try RequestTally.correct(db)
        }
    }

    /// Compares the number of submissions with what was acknowledged, and continues after the greater.
    ///
    /// - Returns: how many are missing.
    private static func compare(
        _ database: DurableDatabase, with witness: SubmissionWitness
    ) throws(SgloradError) -> Int {
        let acknowledged = witness.acknowledged ?? 0
        let missing = try database.writeNow { db -> Int in
            let last = try RequestRecord.lastSequence(db)
            guard acknowledged > last else { return 0 }
            // No number is used twice: results on their way into the spool are known by it.
            try db.execute(
                sql: "DELETE FROM sqlite_sequence WHERE name = 'request'")
            try db.execute(
                sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('request', ?)",
                arguments: [acknowledged])
            return acknowledged - last
        }
        if missing > 0 { witness.restart(at: acknowledged) }
        return missing
    }

    /// Closes the database; later calls fail.
    public func close() throws(SgloradError) {
        watchers.end()
        try database.close()
    }

    /// Requeues requests whose leases have expired, applies `Retention`, and truncates the write-ahead log,
    /// so that what was erased is in no file.
    ///
    /// Call it at least twice a minute.
    public func sweep() async throws(SgloradError) {
        try await expireLeases()
        let retention = Retention(options: options, now: time.now)
        if try await database.read({ db in try retention.isDue(db) }) {
            try await database.writeFreeing { db in try retention.apply(db) }
            logHoldsErased = true
        }
        if logHoldsErased { try await truncateLog() }
    }

    /// What SQLite's integrity check finds; empty if the database is sound.
    public func problems() async throws(SgloradError) -> [String] {
        try await database.problems()
    }

    /// The account that a user's requests are counted under.
    func account(of user: UserID) -> UserID { accounts?.account(of: user) ?? user }

    /// Whether texts of final requests are kept for a time.
    var retainsTexts: Bool { options.retainIntents > .zero }

    /// Announces a transition to a final state or to `queued`, once it is committed: to watchers, and to the spool or to the
    /// workers that wait.
    func announceTransition(_ request: QueuedRequest) {
        watchers.announce(request)
        if request.state.isFinal {
            logHoldsErased = true
            endings.ring()
        } else {
            wakeWorkers(of: [request.lane])
        }
    }

    /// Wakes the workers of lanes in which something may be queued; those of other lanes have nothing to look for.
    func wakeWorkers(of lanes: Set<QueueLane>) {
        for lane in lanes { idleWorkers[lane, default: IdleWorkers()].wake() }
    }

    /// Truncates the write-ahead log; if that fails, the next sweep tries again.
    func truncateLog() async throws(SgloradError) {
        logHoldsErased = false
        do {
            try await database.truncateLog()
        } catch {
            logHoldsErased = true
            throw error
        }
    }
}
