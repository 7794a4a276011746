public import ErrorModel
internal import GRDB

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Whether a database file is sound, found out before anything relies on it.
public enum DatabaseHealth {
    /// The files of a database: itself, its write-ahead log, and the log's index.
    public static func files(of path: String) -> [String] { [path, path + "-wal", path + "-shm"] }

    /// What is wrong with a database that is not open yet; nil where there is none, or it is sound.
    ///
    /// - Parameter path: the database's file.
    /// - Throws: `storageFailure` where it cannot be told: the disk refuses, or the file may not be opened.
    public static func problem(path: String) throws(SgloradError) -> String? {
        guard access(path, F_OK) == 0 else { return nil }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            let lines = try queue.inDatabase { try String.fetchAll($0, sql: "PRAGMA quick_check(3)") }
            return lines == ["ok"] ? nil : lines.joined(separator: "; ")
        } catch let failure as DatabaseError
            where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(failure.resultCode.primaryResultCode)
        {
            return failure.message ?? failure.resultCode.description
        } catch {
            throw .database(path, error)
        }
    }
}

extension DurableDatabase {
    /// What SQLite's own check of the whole database finds, foreign keys included; nothing where it is sound.
    public func problems() async throws(SgloradError) -> [String] {
        try await read { db in
            let lines = try String.fetchAll(db, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
            let references = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").map { row -> String in
                let (table, parent): (String?, String?) = (row[0], row[2])
                return
                    "a row of \(table ?? "a table") refers to one of \(parent ?? "another") that is not there"
            }
            return lines + references
        }
    }
}
