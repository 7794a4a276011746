import GRDB

@testable import IntentQueue

/// Databases of earlier versions of the queue, as the migrations up to that version leave them.
enum OldQueue {
    /// Creates the database of a version, from 1 to 3, and fills it by statements in that version's schema.
    static func create(_ path: String, version: Int, _ sql: String) throws {
        let migrator = QueueSchema.migrator
        let database = try DatabaseQueue(path: path)
        try migrator.migrate(database, upTo: migrator.migrations[version - 1])
        try database.write { try $0.execute(sql: sql) }
        try database.close()
    }
}
