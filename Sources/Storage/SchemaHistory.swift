internal import ErrorModel
internal import GRDB

/// The migrations that a database has been through, compared with those that this build knows.
struct SchemaHistory {
    /// The identifiers of the migrations that were applied; none for a new database.
    private(set) var applied: [String]
    private let known: [String]

    /// Reads the history.
    init(_ db: Database, _ migrator: DatabaseMigrator) throws {
        known = migrator.migrations
        applied =
            try db.tableExists("grdb_migrations")
            ? String.fetchAll(db, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid") : []
    }

    /// Applied migrations that this build does not know.
    var unknown: [String] { applied.filter { !known.contains($0) } }

    /// Whether every migration that this build knows was applied, and no other.
    var isComplete: Bool { Set(applied) == Set(known) }

    /// Whether a known migration is missing although a later one was applied, which no version leaves behind.
    var hasGap: Bool {
        guard let last = known.lastIndex(where: { applied.contains($0) }) else { return false }
        return !known[...last].allSatisfy { applied.contains($0) }
    }

    /// Restores an identifier in which one byte has changed.
    ///
    /// - Returns: the identifiers that were restored.
    mutating func restore(_ db: Database) throws -> [String] {
        var restored: [String] = []
        for name in known where !applied.contains(name) {
            guard let damaged = unknown.first(where: { Self.differsInOneByte($0, name) }) else { continue }
            try db.execute(
                sql: "UPDATE grdb_migrations SET identifier = ? WHERE identifier = ?",
                arguments: [name, damaged])
            applied = applied.map { $0 == damaged ? name : $0 }
            restored.append(name)
        }
        return restored
    }

    private static func differsInOneByte(_ one: String, _ other: String) -> Bool {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        return one.count == other.count && zip(one, other).count(where: { $0 != $1 }) == 1
    }

    /// Refuses a database of a newer version, which this one could only damage.
    ///
    /// - Throws: `storageFailure` that names the unknown migrations, the version that made them, and what to do.
    func requireKnown(_ db: Database, path: String) throws {
        guard !unknown.isEmpty else { return }
        throw SgloradError.newerState(
            path,
            "the database was written by a newer version of sglorad: its schema has "
                + unknown.map { "'\($0)'" }.joined(separator: ", ")
                + ", which this version, \(SgloradRelease.version), does not know. It is left as it is.",
            needs: try Self.writer(db))
    }

    // MARK: The version that migrated it

    /// Records the version of this build as the one that migrated the database last.
    static func record(_ db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS schemaWriter (version TEXT NOT NULL) STRICT;
                DELETE FROM schemaWriter;
                """)
        try db.execute(
            sql: "INSERT INTO schemaWriter (version) VALUES (?)", arguments: [SgloradRelease.version])
    }

    /// The version that migrated the database last; nil where none is recorded.
    private static func writer(_ db: Database) throws -> String? {
        guard try db.tableExists("schemaWriter") else { return nil }
        return try String.fetchOne(db, sql: "SELECT version FROM schemaWriter")
    }
}
