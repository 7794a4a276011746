internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB

/// Requests, durable before they are acknowledged; first come, first served within a user, users in turn.
///
/// A worker takes a request with a lease and ends it with the same; whoever has lost the lease changes nothing. An intent's
/// text is erased in the same commit that makes its request final, unless the options keep it for a time.
public actor IntentQueue {
    /// How much the queue takes, how often it tries, and how long it keeps what.
    public nonisolated let options: QueueOptions
    let database: DurableDatabase
    let clock: QueueClock
    let age: QueueAge
    let keys: IdempotencyKeys

    /// A lease as the worker's process knows it.
    struct Holding {
        let lease: Lease
        var deadline: Duration
        var request: QueuedRequest
    }

    /// The leases of this process, by request.
    var holdings: [String: Holding] = [:]
    /// Requests that were called off between the commit by which they were taken and the entry in `holdings`.
    var calledOffEarly: Set<String> = []
    var watchers: [String: [UUID: AsyncStream<QueuedRequest>.Continuation]] = [:]
    /// Whether nobody is to wait for requests any more: the daemon stops.
    public internal(set) var hasEndedWatches = false
    var watchersOfAll: [UUID: AsyncStream<QueuedRequest>.Continuation] = [:]
    /// Why nobody is told how requests end; nil while all is well.
    public internal(set) var interruption: SgloradError?
    /// How often something was put into the queue: what came while a worker was looking is not missed.
    var submissions = 0
    var idle: [UUID: CheckedContinuation<Void, Never>] = [:]
    /// Rings when a request has ended, or a repetition of one that has: a result may be owed.
    public nonisolated let endings = Bell()
    /// Whether the write-ahead log may still hold what the database has erased.
    var logHoldsErased = true
    /// The age of the queue when it was last written down.
    var ageWritten: Double

    /// Opens the queue and gives back what a run before this one left running.
    ///
    /// - Parameters:
    ///   - path: the database's file.
    ///   - options: how much it takes and keeps.
    ///   - keyFile: where the secret that hashes idempotency keys is kept; made where there is none. Without it
    ///     `idempotency.key` beside the database.
    ///   - clock: what time is measured with.
    /// - Throws: `storageFailure` with what SQLite said.
    public init(
        path: String, options: QueueOptions = QueueOptions(), keyFile: String? = nil,
        clock: QueueClock = .system
    ) throws(SgloradError) {
        self.options = options
        self.clock = clock
        database = try DurableDatabase(
            path: path, applicationID: QueueSchema.applicationID, migrator: QueueSchema.migrator)
        keys = try IdempotencyKeys(file: keyFile ?? DurableFile.parent(of: path) + "/idempotency.key")
        age = try database.writeNow { db in
            // That they were begun counts as an attempt: one of them may be why the daemon did not live.
            try db.execute(sql: "UPDATE request SET state = 'queued', lease = NULL WHERE state = 'running'")
            return try QueueAge(db, clock: clock)
        }
        ageWritten = age.seconds
    }

    /// Closes the database; later calls fail.
    public func close() throws(SgloradError) {
        endWatches()
        try database.close()
    }

    /// What follows when a request became final: nobody holds it, and those who watch it are told.
    func ended(_ request: QueuedRequest) {
        holdings[request.id] = nil
        calledOffEarly.remove(request.id)
        logHoldsErased = true
        announce(request)
        endings.ring()
    }
}
