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
        migrator.registerMigration("2: order, leases, attempts, idempotency") { db in
            try db.execute(sql: version2)
        }
        migrator.registerMigration("3: results owed to the spool") { db in
            try db.execute(sql: version3)
        }
        return migrator
    }

    /// What came through the spool, under which name, and whether its result has still to be written there.
    private static let version3 = """
        ALTER TABLE request ADD COLUMN spoolName TEXT;
        ALTER TABLE request ADD COLUMN isOwed INTEGER NOT NULL DEFAULT 0
            CHECK (isOwed = 0 OR (isOwed = 1 AND spoolName IS NOT NULL));
        CREATE INDEX requestOwed ON request (sequence) WHERE isOwed = 1 AND finishedAt IS NOT NULL;
        """

    /// The requests in an order that no clock decides.
    ///
    /// `sequence` is the order, whatever the clock says. `lease` is the token of the worker that is at it. `options` is the
    /// intent without its text, for a retry. `submittedAge` and `endedAge` are the queue's own age at the time.
    private static let version2 = """
        CREATE TABLE entry (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            uid INTEGER NOT NULL,
            base TEXT NOT NULL,
            label TEXT,
            intent TEXT,
            options TEXT,
            state TEXT NOT NULL
                CHECK (state IN ('queued', 'running', 'done', 'refused', 'failed', 'cancelled')),
            submittedAt REAL NOT NULL,
            submittedAge REAL NOT NULL DEFAULT 0,
            finishedAt REAL,
            endedAge REAL NOT NULL DEFAULT 0,
            adapter TEXT,
            failure TEXT,
            attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            lease TEXT,
            calledOff INTEGER NOT NULL DEFAULT 0 CHECK (calledOff IN (0, 1)),
            keyHash TEXT,
            contentHash TEXT,
            CHECK ((finishedAt IS NOT NULL) = (state IN ('done', 'refused', 'failed', 'cancelled'))),
            CHECK ((intent IS NULL) = (finishedAt IS NOT NULL)),
            CHECK ((adapter IS NOT NULL) = (state = 'done')),
            CHECK ((lease IS NOT NULL) = (state = 'running')),
            CHECK ((keyHash IS NULL) = (contentHash IS NULL))
        ) STRICT;
        INSERT INTO entry (id, uid, base, label, intent, state, submittedAt, finishedAt, adapter, failure)
            SELECT id, uid, base, label, intent, iif(state = 'running', 'queued', state), submittedAt, finishedAt,
                adapter, failure
            FROM request ORDER BY submittedAt, id;
        DROP TABLE request;
        ALTER TABLE entry RENAME TO request;
        CREATE INDEX requestByState ON request (state);
        CREATE INDEX requestByOwner ON request (uid);
        CREATE INDEX requestWaiting ON request (uid, sequence) WHERE state = 'queued';
        CREATE INDEX requestOpen ON request (uid) WHERE finishedAt IS NULL;
        CREATE INDEX requestEnded ON request (endedAge) WHERE finishedAt IS NOT NULL;
        CREATE INDEX requestKeyed ON request (submittedAge) WHERE keyHash IS NOT NULL;
        CREATE UNIQUE INDEX requestByKey ON request (uid, keyHash) WHERE keyHash IS NOT NULL;
        CREATE TABLE turn (uid INTEGER PRIMARY KEY, served INTEGER NOT NULL) STRICT;
        CREATE TABLE retained (
            request TEXT NOT NULL PRIMARY KEY REFERENCES request (id) ON DELETE CASCADE,
            intent TEXT NOT NULL
        ) STRICT;
        CREATE TABLE age (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            seconds REAL NOT NULL,
            boot TEXT NOT NULL,
            uptime REAL NOT NULL,
            wall REAL NOT NULL
        ) STRICT;
        """
}
