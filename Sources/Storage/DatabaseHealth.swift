public import ErrorModel
internal import GRDB

/// Examinations of a database file, before and after it is opened.
public enum DatabaseHealth {
    /// The files of a database: the database, its write-ahead log, and the log's index.
    public static func files(of path: String) -> [String] { [path, path + "-wal", path + "-shm"] }
}

extension DatabaseHealth {
    /// What SQLite's integrity check of an open database finds, by a connection of its own, so that nobody waits for it; blocks.
    ///
    /// - Throws: `storageFailure` where the check cannot be made.
    public static func problems(besideService path: String) throws(SgloradError) -> [String] {
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { try findings($0) }
        } catch let failure as DatabaseError where failure.isDamage {
            return [failure.message ?? failure.resultCode.description]
        } catch {
            throw .database(path, error)
        }
    }
}

extension DurableDatabase {
    /// What SQLite's integrity check of the whole database finds, foreign keys included; empty where it is sound.
    ///
    /// - Throws: `storageFailure` where the check cannot be made.
    public func problems() async throws(SgloradError) -> [String] {
        try await read { db in
            let lines = try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
            let references = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map { row -> String in
                let (table, parent): (String?, String?) = (row[0], row[2])
                return
                    "a row of \(table ?? "a table") references a missing row of \(parent ?? "another table")"
            }
            return lines + references
        }
    }

    /// Rebuilds every index from the rows, if that makes the database sound; otherwise nothing is changed.
    ///
    /// - Returns: whether it is sound now.
    /// - Throws: `storageFailure` where that cannot be tried.
    public func rebuildIndexes() async throws(SgloradError) -> Bool {
        struct Unsound: Error {}
        do {
            try await write { db in
                try db.execute(sql: "REINDEX")
                guard try String.fetchAll(db, sql: "PRAGMA integrity_check(1)") == ["ok"] else {
                    throw SgloradError.storageFailure("", "", cause: Unsound())
                }
            }
            return true
        } catch {
            guard error.cause is Unsound || (error.cause as? DatabaseError)?.isDamage == true else {
                throw error
            }
            return false
        }
    }

    /// The version of the SQLite library in use.
    public static let sqliteVersion: String = {
        let memory = try? DatabaseQueue()
        return (try? memory?.read { try String.fetchOne($0, sql: "SELECT sqlite_version()") }) ?? "unknown"
    }()
}

extension SgloradError {
    /// The error of a failed database call: an `SgloradError` passes through; SQLite's say which file, why, and what to do.
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
                    " Restart the daemon: it moves the file to damaged/ and rebuilds what it can from the manifests."
                default: ""
                }
            let reason = failure.message ?? failure.resultCode.description
            return .storageFailure(path, "SQLite reports: \(reason).\(remedy)", cause: error)
        default:
            return .storageFailure(path, "the database call failed: \(error).", cause: error)
        }
    }
}
