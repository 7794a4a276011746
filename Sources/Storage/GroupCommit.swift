internal import GRDB
internal import Synchronization

/// Commits the writes of a database in groups: what waits while one transaction is being made durable shares the next one,
/// and so its flush.
///
/// - Nobody waits for company: where no transaction is running, a write begins at once.
/// - Writes run in the order in which they came, each in a savepoint of its own: one that fails is rolled back alone.
/// - A write is answered after the commit of its group; where the commit fails, everybody in the group gets its error, and
///   nothing of the group is changed.
/// - A write whose caller is cancelled before it has begun is left out; one that has begun is completed and answered.
final class GroupCommit: Sendable {
    /// When a commit is on the disk.
    enum Durability: Sendable {
        /// Before it is answered.
        case immediate
        /// With the next immediate commit, or with the next ``DurableDatabase/synchronise()``.
        case deferred
    }

    /// The most writes of one transaction: a longer one would hold up those who read.
    static let most = 128

    private struct Line {
        var waiting: [any QueuedWrite] = []
        /// Whether a transaction for those who wait is on its way.
        var isCalled = false
    }

    private let queue: DatabaseQueue
    /// The error for whoever comes too late; nil while the database is open.
    private let closed: @Sendable () -> (any Error)?
    private let line = Mutex(Line())
    /// What the connection is set to; touched on the database's own queue alone.
    private let durability = Mutex(Durability.immediate)

    /// - Parameters:
    ///   - queue: the database, with `synchronous = FULL`.
    ///   - closed: why nothing can be written any more; nil while the database is open.
    init(_ queue: DatabaseQueue, closed: @escaping @Sendable () -> (any Error)?) {
        self.queue = queue
        self.closed = closed
    }

    /// Runs a write in the next transaction.
    ///
    /// - Throws: what `body` throws, the commit's error, or `CancellationError`; nothing is changed then.
    func write<T: Sendable>(
        _ durability: Durability, _ body: @escaping @Sendable (Database) throws -> T
    ) async throws -> T {
        let write = PendingWrite(durability, body)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                write.await(continuation)
                guard !Task.isCancelled else { return write.end(CancellationError()) }
                enter(write)
                // The cancellation may have come just before the write stood in line.
                if Task.isCancelled, leave(write) { write.end(CancellationError()) }
            }
        } onCancel: {
            if leave(write) { write.end(CancellationError()) }
        }
    }

    /// How many writes stand in line.
    var waiting: Int { line.withLock { $0.waiting.count } }

    private func enter(_ write: any QueuedWrite) {
        let mustCall = line.withLock { line in
            line.waiting.append(write)
            defer { line.isCalled = true }
            return !line.isCalled
        }
        if mustCall { call() }
    }

    private func call() {
        queue.asyncWriteWithoutTransaction { [self] db in
            let (group, mustCall) = line.withLock { line in
                let group = Array(line.waiting.prefix(Self.most))
                line.waiting.removeFirst(group.count)
                line.isCalled = !line.waiting.isEmpty
                return (group, line.isCalled)
            }
            if mustCall { call() }
            if let error = closed() {
                for write in group { write.end(error) }
            } else {
                commit(group, db)
            }
        }
    }

    /// Takes a write out of the line; false if it has begun or ended.
    private func leave(_ write: any QueuedWrite) -> Bool {
        line.withLock { line in
            guard let place = line.waiting.firstIndex(where: { $0 === write }) else { return false }
            line.waiting.remove(at: place)
            return true
        }
    }

    // MARK: On the database's own queue

    /// Where SQLite has rolled the whole transaction back because of one write.
    private struct TransactionLost: Error {}

    private func commit(_ group: [any QueuedWrite], _ db: Database) {
        guard group.count > 1 else {
            for write in group { commit(write, db) }
            return
        }
        var failures: [ObjectIdentifier: any Error] = [:]
        do {
            try set(group.contains { $0.durability == .immediate } ? .immediate : .deferred, db)
            try db.inTransaction(.immediate) {
                for write in group {
                    do {
                        try db.inSavepoint {
                            try write.run(db)
                            return .commit
                        }
                    } catch {
                        // A full disk, or one that fails, may end the transaction of all.
                        guard db.isInsideTransaction else { throw TransactionLost() }
                        failures[ObjectIdentifier(write)] = error
                    }
                }
                return .commit
            }
        } catch is TransactionLost {
            for write in group { commit(write, db) }
            return
        } catch {
            for write in group { write.end(failures[ObjectIdentifier(write)] ?? error) }
            return
        }
        for write in group { write.end(failures[ObjectIdentifier(write)]) }
    }

    /// Commits one write by itself.
    private func commit(_ write: any QueuedWrite, _ db: Database) {
        do {
            try set(write.durability, db)
            try db.inTransaction(.immediate) {
                try write.run(db)
                return .commit
            }
            write.end(nil)
        } catch {
            write.end(error)
        }
    }

    /// Sets how the next transaction is committed.
    private func set(_ wanted: Durability, _ db: Database) throws {
        try durability.withLock { durability in
            guard durability != wanted else { return }
            try db.execute(sql: "PRAGMA synchronous = \(wanted == .immediate ? "FULL" : "NORMAL")")
            durability = wanted
        }
    }
}

/// A write that waits for its transaction.
private protocol QueuedWrite: AnyObject, Sendable {
    var durability: GroupCommit.Durability { get }
    /// Runs it within a transaction; again where that transaction was lost.
    func run(_ db: Database) throws
    /// Answers the caller: with the result of the last run, or with an error.
    func end(_ error: (any Error)?)
}

private final class PendingWrite<T: Sendable>: QueuedWrite {
    private struct State {
        var caller: CheckedContinuation<T, any Error>?
        var result: T?
    }

    let durability: GroupCommit.Durability
    private let body: @Sendable (Database) throws -> T
    private let state = Mutex(State())

    init(_ durability: GroupCommit.Durability, _ body: @escaping @Sendable (Database) throws -> T) {
        self.durability = durability
        self.body = body
    }

    /// Sets who is answered.
    func await(_ caller: CheckedContinuation<T, any Error>) { state.withLock { $0.caller = caller } }

    func run(_ db: Database) throws {
        let result = try body(db)
        state.withLock { $0.result = result }
    }

    func end(_ error: (any Error)?) {
        let (caller, result) = state.withLock { state in
            defer { state.caller = nil }
            return (state.caller, state.result)
        }
        if let error {
            caller?.resume(throwing: error)
        } else if let result {
            caller?.resume(returning: result)
        }
    }
}
