import GRDB

extension DatabaseMigrator {
    /// One table of texts.
    static var notes: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") {
            try $0.execute(sql: "CREATE TABLE note (text TEXT NOT NULL PRIMARY KEY) STRICT")
        }
        return migrator
    }
}

extension Database {
    /// Adds a note.
    func insert(_ text: String) throws {
        try execute(sql: "INSERT INTO note (text) VALUES (?)", arguments: [text])
    }
}
