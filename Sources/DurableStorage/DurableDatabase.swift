public import ErrorModel
public import GRDB
internal import Synchronization

/// How the daemon's databases are opened: one connection, WAL, and every commit on the disk before it is acknowledged.
public struct DurableDatabase: Sendable {
    /// The database's file.
    public let path: String
    private let queue: DatabaseQueue
    private let life = Life()

    /// Whether the database is open: GRDB does not look before it reads.
    private final class Life: Sendable {
        let isClosed = Mutex(false)
    }

    /// Opens a database and brings it to the present version.
    ///
    /// - Parameters:
    ///   - path: the database's file; made where there is none.
    ///   - applicationID: four letters as a number, so that `file` and a person can tell whose database it is.
    ///   - migrator: brings the database to the schema of this build.
    /// - Throws: `storageFailure` with what SQLite said.
    public init(path: String, applicationID: Int32, migrator: DatabaseMigrator) throws(SgloradError) {
        self.path = path
        var configuration = Configuration()
        configuration.label = path
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // secure_delete: what was erased leaves no trace in free pages.
            try db.execute(
                sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON;")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                let owner = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
                guard owner == 0 || owner == applicationID else {
                    throw SgloradError.storageFailure(
                        path, "the database belongs to another program. Move it away, or name another folder."
                    )
                }
                // GRDB's own WAL set-up lowers this to NORMAL, under which the last commits may be lost with the power.
                try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA application_id = \(applicationID);")
            }
            try migrator.migrate(queue)
        } catch {
            throw .database(path, error)
        }
    }

    /// Reads within one transaction.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T)
        async throws(SgloradError) -> T
    {
        try requireOpen()
        do { return try await queue.read(body) } catch { throw .database(path, error) }
    }

    /// Writes within one transaction; durable when it returns.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T)
        async throws(SgloradError) -> T
    {
        try requireOpen()
        do { return try await queue.write(body) } catch { throw .database(path, error) }
    }

    /// Writes within one transaction, before there is concurrency to speak of.
    public func writeNow<T>(_ body: (Database) throws -> T) throws(SgloradError) -> T {
        do { return try queue.write(body) } catch { throw .database(path, error) }
    }

    /// Moves what the write-ahead log holds into the database and makes the log empty, so that what was erased from the one
    /// does not go on standing in the other.
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
            throw .storageFailure(path, "the database is closed: the daemon is stopping. Start it again.")
        }
    }

    /// The version of the SQLite library in use.
    public static var sqliteVersion: String {
        let memory = try? DatabaseQueue()
        return (try? memory?.read { try String.fetchOne($0, sql: "SELECT sqlite_version()") }) ?? "unknown"
    }
}

extension SgloradError {
    /// What a database call threw, as an error of ours: our own pass through, SQLite's say which file and why.
    static func database(_ path: String, _ error: any Error) -> SgloradError {
        switch error {
        case let own as SgloradError:
            return own
        case is CancellationError:
            return .cancelled("the caller stopped waiting")
        case let failure as DatabaseError:
            let remedy =
                switch failure.resultCode {
                case .SQLITE_FULL: " Free space on that disk and try again."
                case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
                    " Check the file's owner, mode and file system."
                case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                    " Start the daemon anew: it moves the file aside and makes again what can be made."
                default: ""
                }
            let reason = failure.message ?? failure.resultCode.description
            return .storageFailure(path, "the database refused: \(reason).\(remedy)", cause: error)
        default:
            return .storageFailure(path, "the database refused: \(error).", cause: error)
        }
    }
}
