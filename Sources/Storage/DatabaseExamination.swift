public import ErrorModel
internal import GRDB
internal import Glibc

/// What an examination of a database found, and what it repaired.
public enum DatabaseFinding: Sendable, Hashable {
    /// The database is sound, or does not exist yet.
    case sound
    /// It was damaged and is sound again, with every row that could be read.
    ///
    /// The text says what was wrong and what was done.
    case repaired(String)
    /// It is damaged beyond that; the text says what is wrong.
    case damaged(String)
}

extension DatabaseHealth {
    /// Examines a database that is not open yet, indexes included, and repairs what can be repaired without losing a row:
    /// the fixed bytes of its header, its indexes, its list of free pages, and a changed name of a migration.
    ///
    /// Blocks, for as long as it takes to read the whole database.
    ///
    /// - Parameters:
    ///   - path: the database's file.
    ///   - description: what it should be.
    /// - Throws: `storageFailure` where the examination cannot be made (the disk fails, or the file may not be opened), or
    ///   where the database was written by a newer version or by another program. Nothing is changed then.
    public static func examine(
        _ path: String, as description: DatabaseDescription
    ) throws(SgloradError) -> DatabaseFinding {
        guard access(path, F_OK) == 0 || errno != ENOENT else { return .sound }
        var repairs: [String] = []
        if try DatabaseHeader.restore(path, applicationID: description.applicationID) {
            repairs.append("its header had changed bytes, which were restored")
        }
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(5)
            configuration.foreignKeysEnabled = false
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA secure_delete = ON") }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            try queue.inDatabase { try description.requireOwner($0, path: path) }
            var problems = try findings(queue)
            if !problems.isEmpty {
                let first = problems.joined(separator: "; ")
                problems = try repair(queue)
                guard problems.isEmpty else { return .damaged(first) }
                repairs.append("\(first); its rows were copied or its indexes rebuilt")
            }
            let checkedSchema = try queue.write { db -> (restored: [String], damage: String?) in
                var history = try SchemaHistory(db, description.migrator)
                let restored = try history.restore(db)
                try history.requireKnown(db, path: path)
                return (restored, try damage(of: history, db, description))
            }
            if let damage = checkedSchema.damage { return .damaged(damage) }
            if !checkedSchema.restored.isEmpty {
                repairs.append("the name of a migration had a changed byte, which was restored")
            }
        } catch let failure as DatabaseError where failure.isDamage {
            return .damaged(failure.message ?? failure.resultCode.description)
        } catch {
            throw .database(path, error)
        }
        return repairs.isEmpty ? .sound : .repaired(repairs.joined(separator: "; "))
    }

    /// What SQLite's integrity check finds; at most twenty lines.
    private static func findings(_ queue: DatabaseQueue) throws -> [String] {
        try queue.inDatabase { try Self.findings($0) }
    }

    static func findings(_ db: Database) throws -> [String] {
        try String.fetchAll(db, sql: "PRAGMA integrity_check(20)").filter { $0 != "ok" }
    }

    /// Rebuilds the indexes; where that does not suffice, copies every row to new pages.
    ///
    /// - Returns: what is still wrong.
    private static func repair(_ queue: DatabaseQueue) throws -> [String] {
        do {
            if try rebuildIndexes(queue) { return [] }
            try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM") }
            return try rebuildIndexes(queue) ? [] : findings(queue)
        } catch let failure as DatabaseError where failure.isDamage {
            return [failure.message ?? failure.resultCode.description]
        }
    }

    /// Rebuilds the indexes from the rows; changes nothing where the database is not sound afterwards.
    private static func rebuildIndexes(_ queue: DatabaseQueue) throws -> Bool {
        var isSound = false
        do {
            try queue.inDatabase { db in
                try db.inTransaction {
                    try db.execute(sql: "REINDEX")
                    isSound = try Self.findings(db).isEmpty
                    return isSound ? .commit : .rollback
                }
            }
        } catch let failure as DatabaseError
            where failure.isDamage || failure.resultCode == .SQLITE_CONSTRAINT
        {
            return false
        }
        return isSound
    }

    /// Why the database does not have the tables and indexes that its migrations made; nil where it has.
    private static func damage(
        of history: SchemaHistory, _ db: Database, _ description: DatabaseDescription
    ) throws -> String? {
        if history.applied.isEmpty {
            let tables =
                try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table'") ?? 0
            return tables == 0 ? nil : "its record of migrations is missing"
        }
        if history.hasGap { return "its record of migrations has a gap" }
        // An older schema is compared once it is migrated: at the next start.
        guard history.isComplete else { return nil }
        let expected = try DatabaseQueue()
        try description.migrator.migrate(expected)
        let wanted = try expected.read { try SchemaShape($0) }
        let found = try SchemaShape(db)
        let missing = wanted.parts.subtracting(found.parts).sorted()
        return missing.first.map { "its schema has changed: there is no \($0)" }
    }
}

/// The tables, columns and indexes of a database, one text each.
private struct SchemaShape {
    let parts: Set<String>

    init(_ db: Database) throws {
        let columns = try String.fetchAll(
            db,
            sql: """
                SELECT 'column ' || t.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
                FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table'
                """)
        let indexes = try String.fetchAll(
            db,
            sql: """
                SELECT 'index on ' || t.name || ' ' || i.name || ' ' || i."unique" || ' '
                    || (SELECT group_concat(name, ',') FROM pragma_index_info(i.name))
                FROM sqlite_schema t, pragma_index_list(t.name) i WHERE t.type = 'table'
                """)
        parts = Set(columns + indexes)
    }
}

extension DatabaseError {
    /// Whether the content of the file is to blame, and not the disk, its space or its permissions.
    var isDamage: Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_MISMATCH]
            .contains(resultCode.primaryResultCode)
    }
}
