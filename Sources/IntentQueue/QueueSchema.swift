internal import Foundation
internal import GRDB
internal import Privacy
internal import Storage

/// The versions of `queue.db`, each migrated to the next.
///
/// Migrations are written in SQL because the record types describe the current schema only. They run on a connection whose
/// `secure_delete` overwrites what they drop.
enum QueueSchema {
    /// "SGLQ".
    static let applicationID: Int32 = 0x5347_4C51

    static var description: DatabaseDescription {
        DatabaseDescription(applicationID: applicationID, migrator: migrator)
    }

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
        migrator.registerMigration("4: text apart from options") { db in
            IntentSplit.install(in: db)
            try db.execute(sql: version4)
            IntentSplit.remove(from: db)
        }
        migrator.registerMigration("5: accounts, and how many ended requests they have") { db in
            try db.execute(sql: version5)
        }
        migrator.registerMigration("6: users' counts and labels by index") { db in
            // A listing or a count of one user must not read the requests of all, which would hold up everybody.
            try db.execute(
                sql: """
                    CREATE INDEX requestByOwnerAndState ON request (uid, state);
                    CREATE INDEX requestByLabel ON request (label, uid) WHERE label IS NOT NULL;
                    """)
        }
        migrator.registerMigration("7: running counts of requests") { db in
            try RequestTally.install(in: db)
        }
        migrator.registerMigration("8: examples and labels, and requests that are refined") { db in
            try db.execute(sql: version8)
        }
        return migrator
    }

    /// Keeps the order of submission independently of the clock, and adds leases, attempts and idempotency keys.
    ///
    /// `sequence` is that order. `lease` is the fencing token of the request's worker. `options` is the intent without its
    /// text, for a retry. `submittedAge` and `endedAge` are the queue's own age at the time.
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

    /// Adds `spoolName`, the file's name of a request that came through the spool, and `isOwed`, which is 1 while its result
    /// is pending.
    private static let version3 = """
        ALTER TABLE request ADD COLUMN spoolName TEXT;
        ALTER TABLE request ADD COLUMN isOwed INTEGER NOT NULL DEFAULT 0
            CHECK (isOwed = 0 OR (isOwed = 1 AND spoolName IS NOT NULL));
        CREATE INDEX requestOwed ON request (sequence) WHERE isOwed = 1 AND finishedAt IS NOT NULL;
        """

    /// Splits the intent: its text goes to `text` as UTF-8, the rest to `options`.
    ///
    /// The checks change with the columns, so the tables are rebuilt. `sqlite_sequence` is carried over so that no sequence
    /// number is used twice.
    private static let version4 = """
        CREATE TABLE entry (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            uid INTEGER NOT NULL,
            base TEXT NOT NULL,
            label TEXT,
            text BLOB,
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
            spoolName TEXT,
            isOwed INTEGER NOT NULL DEFAULT 0
                CHECK (isOwed = 0 OR (isOwed = 1 AND spoolName IS NOT NULL)),
            CHECK ((finishedAt IS NOT NULL) = (state IN ('done', 'refused', 'failed', 'cancelled'))),
            CHECK ((text IS NULL) = (finishedAt IS NOT NULL)),
            CHECK ((adapter IS NOT NULL) = (state = 'done')),
            CHECK ((lease IS NOT NULL) = (state = 'running')),
            CHECK ((keyHash IS NULL) = (contentHash IS NULL))
        ) STRICT;
        INSERT INTO sqlite_sequence (name, seq) SELECT 'entry', seq FROM sqlite_sequence WHERE name = 'request';
        INSERT INTO entry (sequence, id, uid, base, label, text, options, state, submittedAt, submittedAge,
                finishedAt, endedAge, adapter, failure, attempts, lease, calledOff, keyHash, contentHash, spoolName,
                isOwed)
            SELECT sequence, id, uid, base, label,
                iif(request.intent IS NULL, NULL, coalesce(intentText(request.intent), x'')),
                intentOptions(coalesce(request.intent, retained.intent), options), state, submittedAt, submittedAge,
                finishedAt, endedAge, adapter, failure, attempts, lease, calledOff, keyHash, contentHash, spoolName,
                isOwed
            FROM request LEFT JOIN retained ON retained.request = request.id ORDER BY sequence;
        CREATE TABLE kept (
            request TEXT NOT NULL PRIMARY KEY REFERENCES request (id) ON DELETE CASCADE,
            text BLOB NOT NULL
        ) STRICT;
        INSERT INTO kept (request, text)
            SELECT request, intentText(intent) FROM retained
            WHERE intentText(intent) IS NOT NULL AND request IN (SELECT id FROM request);
        DROP TABLE retained;
        DROP TABLE request;
        ALTER TABLE entry RENAME TO request;
        ALTER TABLE kept RENAME TO retained;
        CREATE INDEX requestByState ON request (state);
        CREATE INDEX requestByOwner ON request (uid);
        CREATE INDEX requestWaiting ON request (uid, sequence) WHERE state = 'queued';
        CREATE INDEX requestOpen ON request (uid) WHERE finishedAt IS NULL;
        CREATE INDEX requestEnded ON request (endedAge) WHERE finishedAt IS NOT NULL;
        CREATE INDEX requestKeyed ON request (submittedAge) WHERE keyHash IS NOT NULL;
        CREATE UNIQUE INDEX requestByKey ON request (uid, keyHash) WHERE keyHash IS NOT NULL;
        CREATE INDEX requestOwed ON request (sequence) WHERE isOwed = 1 AND finishedAt IS NOT NULL;
        """

    /// Adds `account`, the user under whom a request is counted and takes turns: see `UserAccounts`.
    ///
    /// The table `turn` holds accounts from now on. The last index finds the oldest of an account's ended requests.
    private static let version5 = """
        ALTER TABLE request ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
        UPDATE request SET account = uid;
        DROP INDEX requestWaiting;
        DROP INDEX requestOpen;
        CREATE INDEX requestWaiting ON request (account, sequence) WHERE state = 'queued';
        CREATE INDEX requestOpen ON request (account) WHERE finishedAt IS NULL;
        CREATE INDEX requestEndedOfAccount ON request (account, endedAge) WHERE finishedAt IS NOT NULL;
        """

    /// Adds the material of open requests, and `lane`, the workers that a request waits for.
    private static let version8 = """
        CREATE TABLE material (
            request TEXT NOT NULL PRIMARY KEY REFERENCES request (id) ON DELETE CASCADE,
            account INTEGER NOT NULL,
            content BLOB NOT NULL
        ) STRICT;
        CREATE INDEX materialOfAccount ON material (account);
        ALTER TABLE request ADD COLUMN lane INTEGER NOT NULL DEFAULT 0 CHECK (lane IN (0, 1));
        DROP INDEX requestWaiting;
        CREATE INDEX requestWaiting ON request (lane, account, sequence) WHERE state = 'queued';
        """
}

/// The SQL functions of the fourth migration, which split an intent that is one JSON object.
private enum IntentSplit {
    private struct Intent: Decodable {
        let text: PrivateText
        let options: IntentOptions

        private enum CodingKeys: CodingKey { case text }

        init(from decoder: any Decoder) throws {
            text = try decoder.container(keyedBy: CodingKeys.self).decode(PrivateText.self, forKey: .text)
            options = try IntentOptions(from: decoder)
        }
    }

    /// `intentText(intent)`: the text; NULL if it is missing or cannot be read.
    private static let text = DatabaseFunction("intentText", argumentCount: 1, pure: true) { values in
        StoredJSON.value(Intent.self, String.fromDatabaseValue(values[0])).map { StoredText.bytes($0.text) }
    }

    /// `intentOptions(intent, options)`: the intent's options, or where it cannot be read those that were stored beside it;
    /// NULL where neither can.
    private static let options = DatabaseFunction("intentOptions", argumentCount: 2, pure: true) { values in
        let known =
            StoredJSON.value(Intent.self, String.fromDatabaseValue(values[0]))?.options
            ?? StoredJSON.value(IntentOptions.self, String.fromDatabaseValue(values[1]))
        return try known.map { try StoredJSON.string($0) }
    }

    static func install(in db: Database) {
        db.add(function: text)
        db.add(function: options)
    }

    static func remove(from db: Database) {
        db.remove(function: text)
        db.remove(function: options)
    }
}
