public import ErrorModel
public import GRDB
internal import Synchronization

/// A SQLite database as the daemon needs it: one connection, write-ahead log, and every commit on the disk before it returns.
///
/// - `synchronous = FULL`: a committed transaction survives a power cut.
/// - `secure_delete`: deleted content is overwritten, and ``truncateLog()`` removes it from the log.
/// - A transaction is applied whole or not at all; transactions run one after the other.
///
/// Reads and writes run on GRDB's own dispatch queue, not on the cooperative pool.
public struct DurableDatabase: Sendable {
    /// The database's file.
    public let path: String
    private let queue: DatabaseQueue
    private let life = Life()

    /// Whether the database is closed: GRDB does not check before it reads.
    private final class Life: Sendable {
        let isClosed = Mutex(false)
    }

    /// Opens a database and migrates it to the current schema; blocks.
    ///
    /// - Parameters:
    ///   - path: the database's file; created where it is missing.
    ///   - applicationID: four letters as a number, by which `file` identifies the owner of the database.
    ///   - migrator: migrates the database to the schema of this build.
    /// - Throws: `storageFailure` with SQLite's message.
    public init(path: String, applicationID: Int32, migrator: DatabaseMigrator) throws(SgloradError) {
        self.path = path
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
                let owner = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
                guard owner == 0 || owner == applicationID else {
                    throw SgloradError.storageFailure(
                        path,
                        "the database belongs to another program. Move it away, or choose another folder."
                    )
                }
                // GRDB's WAL set-up lowers this to NORMAL, under which a power cut can lose the last commits.
                try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA application_id = \(applicationID);")
            }
            try migrator.migrate(queue)
        } catch {
            throw .database(path, error)
        }
    }

    /// Reads within one transaction.
    ///
    /// - Throws: `storageFailure`; `cancelled` where the task was cancelled; an `SgloradError` of `body` as it is.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T)
        async throws(SgloradError) -> T
    {
        try requireOpen()
        do { return try await queue.read(body) } catch { throw .database(path, error) }
    }

    /// Writes within one transaction, which is durable when the call returns.
    ///
    /// - Throws: as ``read(_:)``; nothing is changed then.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T)
        async throws(SgloradError) -> T
    {
        try requireOpen()
        do { return try await queue.write(body) } catch { throw .database(path, error) }
    }

    /// Writes within one transaction; blocks, so it is for the daemon's start alone.
    public func writeNow<T>(_ body: (Database) throws -> T) throws(SgloradError) -> T {
        do { return try queue.write(body) } catch { throw .database(path, error) }
    }

    /// Checkpoints the write-ahead log and truncates it, so that deleted content does not remain in it.
    public func truncateLog() async throws(SgloradError) {
        try requireOpen()
        do {
            try await queue.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        } catch {
            throw .database(path, error)
        }
    }

    /// Closes the database; later calls fail.
    public func close() throws(SgloradError) {
        life.isClosed.withLock { $0 = true }
        do { try queue.close() } catch { throw .database(path, error) }
    }

    private func requireOpen() throws(SgloradError) {
        guard !life.isClosed.withLock({ $0 }) else {
            throw .storageFailure(
                path, "the database is closed because the daemon is stopping. Start it again.")
        }
    }
}
