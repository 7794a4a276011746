internal import GRDB

/// The versions of `queue.db`.
enum QueueSchema {
    /// "SGLQ".
    static let applicationID: Int32 = 0x5347_4C51

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: requests") { db in
            try db.execute(
                sql: """
                    CREATE TABLE request (
                        id TEXT NOT NULL PRIMARY KEY,
                        uid INTEGER NOT NULL,
                        base TEXT NOT NULL,
                        label TEXT,
                        intent TEXT,
                        state TEXT NOT NULL
                            CHECK (state IN ('queued', 'running', 'done', 'refused', 'failed', 'cancelled')),
                        submittedAt REAL NOT NULL,
                        finishedAt REAL,
                        adapter TEXT,
                        failure TEXT,
                        CHECK ((finishedAt IS NOT NULL) = (state IN ('done', 'refused', 'failed', 'cancelled'))),
                        CHECK ((intent IS NULL) = (finishedAt IS NOT NULL)),
                        CHECK ((adapter IS NOT NULL) = (state = 'done'))
                    ) STRICT;
                    CREATE INDEX requestByState ON request (state, submittedAt);
                    """)
        }
        return migrator
    }
}
