internal import ErrorModel
public import GRDB

/// What identifies one of the daemon's databases, and what its schema is.
public struct DatabaseDescription: Sendable {
    /// Four letters as a number, by which `file` identifies the owner of the database.
    public var applicationID: Int32
    /// Migrates the database to the schema of this build.
    public var migrator: DatabaseMigrator

    public init(applicationID: Int32, migrator: DatabaseMigrator) {
        self.applicationID = applicationID
        self.migrator = migrator
    }

    /// How many migrations the schema has, which only grows.
    public var schema: Int { migrator.migrations.count }
}

extension DatabaseDescription {
    /// Refuses a database of another program.
    ///
    /// - Throws: `storageFailure`.
    func requireOwner(_ db: Database, path: String) throws {
        let owner = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard owner == 0 || owner == applicationID else {
            throw SgloradError.storageFailure(
                path, "the database belongs to another program. Move it away, or choose another folder.")
        }
    }
}
