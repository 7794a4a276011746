public import ErrorModel
internal import Files
public import GRDB
internal import Synchronization

/// A SQLite database as the daemon needs it: one connection, write-ahead log, and every commit on the disk before it returns.
///
/// - `synchronous = FULL`: a committed transaction survives a power cut.
/// - `secure_delete`: deleted content is overwritten, and ``truncateLog()`` removes it from the log.
/// - A transaction is applied whole or not at all; transactions run one after the other. Writes that wait at the same time
///   share one, each in a savepoint of its own: see `GroupCommit`.
///
/// Reads and writes run on GRDB's own dispatch queue, not on the cooperative pool.
public struct DurableDatabase: Sendable {
    /// The database's file.
    public let path: String
    private let queue: DatabaseQueue
    private let group: GroupCommit
    private let flush: LogFlush
    /// Makes room on a full disk for writes that free space.
    private let reserve: DiskReserve
    private let life: Life

    /// Whether the database is closed: GRDB does not check before it reads.
    private final class Life: Sendable {
        let isClosed = Mutex(false)
    }

    /// Opens a database and migrates it to the current schema; blocks.
    ///
    /// - Parameters:
    ///   - path: the database's file; created where it is missing.
    ///   - description: its owner and its schema.
    /// - Throws: `storageFailure` with SQLite's message, or that names the newer version which wrote the database.
    public init(path: String, description: DatabaseDescription) throws(SgloradError) {
        self.path = path
        let life = Life()
        self.life = life
        reserve = DiskReserve(besideDatabase: path)
        var configuration = Configuration()
        configuration.label = path
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // secure_delete: deleted content leaves no trace in free pages.
            try db.execute(
                sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON;")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                try description.requireOwner(db, path: path)
                try SchemaHistory(db, description.migrator).requireKnown(db, path: path)
                // GRDB's WAL set-up lowers this to NORMAL, under which a power cut can lose the last commits.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                // Written only where it is missing: a start on a full disk must not need room for it.
                if try Int32.fetchOne(db, sql: "PRAGMA application_id") == 0 {
                    try db.execute(sql: "PRAGMA application_id = \(description.applicationID)")
                }
            }
            let isOld = try queue.read { try !SchemaHistory($0, description.migrator).isComplete }
            if isOld {
                try description.migrator.migrate(queue)
                try queue.write { try SchemaHistory.record($0) }
            }
        } catch {
            throw .database(path, error)
        }
        flush = LogFlush(of: path) { [queue] in try await Self.truncatedLog(queue) }
        group = GroupCommit(queue) { life.isClosed.withLock { $0 } ? Self.closed(path) : nil }
    }

    /// Counts the transactions that change some tables, from now on.
    public func count(_ changes: ChangeCount) {
        queue.add(transactionObserver: ChangeCount.Observer(changes), extent: .databaseLifetime)
    }

    /// Reads within one transaction.
    ///
    /// - Parameter body: where it writes, it is undone and fails.
    /// - Throws: `storageFailure`; `cancelled` where the task was cancelled; an `SgloradError` of `body` as it is.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T)
        async throws(SgloradError) -> T
    {
        try requireOpen()
        do {
            return try await queue.unsafeRead { db in try Self.read(db, body) }
        } catch { throw .database(path, error) }
    }

    /// Reads within one transaction.
    ///
    /// GRDB's own `read` sets `query_only` and resets it, and each time SQLite expires every prepared statement: all of them,
    /// those for writes too, would be compiled again and again.
    private static func read<T>(_ db: Database, _ body: (Database) throws -> T) throws -> T {
        let changes = db.totalChangesCount
        try db.cachedStatement(sql: "BEGIN DEFERRED TRANSACTION").execute()
        do {
            let value = try body(db)
            guard db.totalChangesCount == changes else {
                throw DatabaseError(resultCode: .SQLITE_READONLY, message: "a read must not write")
            }
            try db.cachedStatement(sql: "COMMIT TRANSACTION").execute()
            return value
        } catch {
            if db.isInsideTransaction { try db.rollback() }
            throw error
        }
    }

    /// Writes within one transaction, which is durable when the call returns.
    ///
    /// - Parameter body: the changes. It runs again where SQLite gave up the transaction because of another write in it.
    /// - Throws: as ``read(_:)``; nothing is changed then.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T)
        async throws(SgloradError) -> T
    {
        try requireOpen()
        do {
            let value = try await group.write(.immediate, body)
            if flush.isInDoubt { try await flush.run() }
            return value
        } catch {
            if (error as? DatabaseError)?.extendedResultCode == .SQLITE_IOERR_FSYNC { flush.doubt() }
            throw .database(path, error)
        }
    }

    /// Writes within one transaction that a power cut may undo until ``synchronise()``, or any ``write(_:)`` after it, has
    /// returned; a crash of the process does not.
    ///
    /// - Parameter body: as for ``write(_:)``.
    /// - Throws: as ``read(_:)``; nothing is changed then.
    public func writeDeferred<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T)
        async throws(SgloradError) -> T
    {
        try requireOpen()
        do { return try await group.write(.deferred, body) } catch { throw .database(path, error) }
    }

    /// Makes every transaction durable that was committed before the call; others can be committed meanwhile.
    ///
    /// - Throws: `storageFailure`.
    public func synchronise() async throws(SgloradError) {
        try requireOpen()
        do { try await flush.run() } catch { throw .database(path, error) }
    }

    /// Writes within one transaction that frees space or erases something, and so must succeed on a full disk as well: there it
    /// is repeated with the room of the `DiskReserve`.
    ///
    /// - Throws: as ``read(_:)``; nothing is changed then.
    public func writeFreeing<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T)
        async throws(SgloradError) -> T
    {
        try await reserve.use { () async throws(SgloradError) -> T in try await write(body) }
    }

    /// Writes within one transaction; blocks, so it is for the daemon's start alone.
    public func writeNow<T>(_ body: (Database) throws -> T) throws(SgloradError) -> T {
        do { return try queue.write(body) } catch { throw .database(path, error) }
    }

    /// Checkpoints the write-ahead log and truncates it, so that deleted content does not remain in it; on a full disk as well.
    ///
    /// - Throws: `storageFailure`, also where another connection keeps reading what the log holds for a minute; `cancelled`.
    public func truncateLog() async throws(SgloradError) {
        try await reserve.use { () async throws(SgloradError) in
            let end = ContinuousClock.now + .seconds(60)
            while try await !truncatedLog() {
                guard ContinuousClock.now < end else {
                    throw .storageFailure(
                        path,
                        "another program reads the database, so deleted content stays in its log. End that program; "
                            + "the daemon tries again by itself.")
                }
                guard (try? await Task.sleep(for: .milliseconds(10))) != nil else {
                    throw .cancelled("the caller stopped waiting")
                }
            }
        }
    }

    /// Whether the log is empty now; it is not while another connection reads from it.
    private func truncatedLog() async throws(SgloradError) -> Bool {
        try requireOpen()
        do { return try await Self.truncatedLog(queue) } catch { throw .database(path, error) }
    }

    private static func truncatedLog(_ queue: DatabaseQueue) async throws -> Bool {
        try await queue.writeWithoutTransaction { db in
            // The first column of the answer says whether it had to stop early: SQLite reports no error then.
            try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0
        }
    }

    /// As ``synchronise()``; blocks, so it is for the daemon's start alone.
    public func synchroniseNow() throws(SgloradError) { try WriteAheadLog.synchronise(of: path) }

    /// Closes the database; later calls fail.
    public func close() throws(SgloradError) {
        life.isClosed.withLock { $0 = true }
        do { try queue.close() } catch { throw .database(path, error) }
    }

    private func requireOpen() throws(SgloradError) {
        guard isOpen else { throw Self.closed(path) }
    }

    /// Whether it has not been closed yet.
    var isOpen: Bool { !life.isClosed.withLock { $0 } }

    /// How many writes wait for their transaction.
    var waitingWrites: Int { group.waiting }

    private static func closed(_ path: String) -> SgloradError {
        .storageFailure(path, "the database is closed because the daemon is stopping. Start it again.")
    }
}
