internal import GRDB
internal import Storage

/// The migrations of `cache.db`; a released one is never changed.
enum LibrarySchema {
    /// "SGLC".
    static let applicationID: Int32 = 0x5347_4C43

    static var description: DatabaseDescription {
        DatabaseDescription(applicationID: applicationID, migrator: migrator)
    }

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: bases, experts, generators, adapters") { db in
            try db.execute(
                sql: """
                    CREATE TABLE base (
                        name TEXT NOT NULL PRIMARY KEY,
                        layout TEXT NOT NULL,
                        template TEXT NOT NULL,
                        createdAt REAL NOT NULL
                    ) STRICT;
                    CREATE TABLE expert (
                        base TEXT NOT NULL REFERENCES base (name),
                        name TEXT NOT NULL,
                        description TEXT NOT NULL,
                        digest TEXT NOT NULL,
                        parameters TEXT NOT NULL,
                        bytes INTEGER NOT NULL,
                        embedding BLOB NOT NULL,
                        encoder TEXT NOT NULL,
                        descriptionTruncated INTEGER NOT NULL CHECK (descriptionTruncated IN (0, 1)),
                        meanNorm REAL NOT NULL,
                        deviation REAL NOT NULL,
                        importedAt REAL NOT NULL,
                        PRIMARY KEY (base, name)
                    ) STRICT;
                    CREATE UNIQUE INDEX expertDigest ON expert (base, digest);
                    CREATE TABLE checkpoint (
                        base TEXT NOT NULL,
                        expert TEXT NOT NULL,
                        position INTEGER NOT NULL,
                        name TEXT NOT NULL,
                        PRIMARY KEY (base, expert, position),
                        FOREIGN KEY (base, expert) REFERENCES expert (base, name) ON DELETE CASCADE
                    ) STRICT;
                    CREATE TABLE generator (
                        id TEXT NOT NULL PRIMARY KEY,
                        base TEXT NOT NULL REFERENCES base (name),
                        record TEXT NOT NULL,
                        parameters TEXT NOT NULL,
                        bytes INTEGER NOT NULL,
                        seconds REAL NOT NULL,
                        createdAt REAL NOT NULL
                    ) STRICT;
                    CREATE TABLE generatorExpert (
                        generator TEXT NOT NULL REFERENCES generator (id) ON DELETE CASCADE,
                        digest TEXT NOT NULL,
                        PRIMARY KEY (generator, digest)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE adapter (
                        id TEXT NOT NULL PRIMARY KEY,
                        uid INTEGER NOT NULL,
                        base TEXT NOT NULL,
                        request TEXT NOT NULL UNIQUE,
                        files TEXT NOT NULL,
                        bytes INTEGER NOT NULL,
                        label TEXT,
                        truncated INTEGER NOT NULL CHECK (truncated IN (0, 1)),
                        provenance TEXT NOT NULL,
                        createdAt REAL NOT NULL
                    ) STRICT;
                    CREATE INDEX adapterOwner ON adapter (uid, createdAt);
                    CREATE TABLE adapterExpert (
                        adapter TEXT NOT NULL REFERENCES adapter (id) ON DELETE CASCADE,
                        digest TEXT NOT NULL,
                        PRIMARY KEY (adapter, digest)
                    ) STRICT, WITHOUT ROWID;
                    CREATE INDEX adapterByExpert ON adapterExpert (digest);
                    CREATE TABLE encoderDigest (
                        path TEXT NOT NULL PRIMARY KEY,
                        fingerprint TEXT NOT NULL,
                        digest TEXT NOT NULL
                    ) STRICT;
                    """)
        }
        migrator.registerMigration("2: gauge reference, foreign experts") { db in
            try db.execute(
                sql: """
                    ALTER TABLE base ADD COLUMN reference TEXT;
                    ALTER TABLE expert ADD COLUMN isForeign INTEGER NOT NULL DEFAULT 0 CHECK (isForeign IN (0, 1));
                    ALTER TABLE expert ADD COLUMN alignment REAL NOT NULL DEFAULT 0;
                    CREATE INDEX expertParameters ON expert (parameters);
                    """)
        }
        migrator.registerMigration("3: pinned adapters, and when each was last used") { db in
            try db.execute(
                sql: """
                    ALTER TABLE adapter ADD COLUMN isPinned INTEGER NOT NULL DEFAULT 0 CHECK (isPinned IN (0, 1));
                    ALTER TABLE adapter ADD COLUMN usedAt REAL NOT NULL DEFAULT 0;
                    UPDATE adapter SET usedAt = createdAt;
                    """)
        }
        migrator.registerMigration("4: a user's bytes are added up from an index alone") { db in
            try db.execute(
                sql: """
                    DROP INDEX adapterOwner;
                    CREATE INDEX adapterOwner ON adapter (uid, createdAt, bytes);
                    """)
        }
        // `createdAt` and `usedAt` stay, for people: they are times of the wall clock. NULL until AdapterAges sets them.
        migrator.registerMigration("5: ages of adapters in the service's own time") { db in
            try db.execute(
                sql: """
                    ALTER TABLE adapter ADD COLUMN createdAge REAL;
                    ALTER TABLE adapter ADD COLUMN usedAge REAL;
                    """)
        }
        migrator.registerMigration("6: checksums of rows") { db in
            try db.execute(
                sql: """
                    ALTER TABLE base ADD COLUMN checksum TEXT;
                    ALTER TABLE expert ADD COLUMN checksum TEXT;
                    ALTER TABLE generator ADD COLUMN checksum TEXT;
                    ALTER TABLE adapter ADD COLUMN checksum TEXT;
                    """)
        }
        migrator.registerMigration("7: former names of bases") { db in
            try db.execute(sql: "ALTER TABLE base ADD COLUMN formerNames TEXT NOT NULL DEFAULT '[]'")
        }
        migrator.registerMigration("8: the state of each library, and sums of experts") { db in
            try db.execute(sql: LibraryState.schema)
        }
        migrator.registerMigration("9: sums of each user's adapters, and indexes by their last use") { db in
            try db.execute(sql: AdapterUsage.schema)
        }
        migrator.registerMigration("10: the GGUF files of bases") { db in
            try db.execute(sql: "ALTER TABLE base ADD COLUMN modelFile TEXT")
        }
        migrator.registerMigration("11: published names, and the paths of GGUF files") { db in
            try db.execute(sql: "ALTER TABLE base ADD COLUMN modelPath TEXT; \(AdapterUsage.schemaWithNames)")
        }
        migrator.registerMigration("12: the forms of the prompts of bases") { db in
            try db.execute(sql: "ALTER TABLE base ADD COLUMN promptForm TEXT")
        }
        return migrator
    }
}
