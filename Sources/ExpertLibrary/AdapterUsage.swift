internal import Files
internal import GRDB
internal import Storage

/// A row of `adapterUsage`: how much a user's adapters take.
///
/// Triggers keep the sums, so that a user's share and the need of an eviction are known without reading the adapters' rows.
struct AdapterUsage: Codable, FetchableRecord, TableRecord {
    static let databaseTableName = "adapterUsage"

    var uid: UserID
    /// How many adapters.
    var adapters: Int
    /// The bytes of their files.
    var bytes: Int
    /// The bytes of those that are pinned or published under a name.
    var pinnedBytes: Int

    /// The sums of all users who have adapters, or of those who are counted under one account.
    static func all(
        _ db: Database, of uid: UserID? = nil, accounts: UserAccounts?
    ) throws -> [AdapterUsage] {
        guard let uid else { return try order(Column("uid")).fetchAll(db) }
        let account = accounts?.account(of: uid) ?? uid
        let all = try fetchAll(db.cachedStatement(sql: "SELECT * FROM adapterUsage ORDER BY uid"))
        return all.filter { (accounts?.account(of: $0.uid) ?? $0.uid) == account }
    }

    /// The same sums, added up from the rows, without what is pinned: before anything is removed for a sum, because a flipped bit
    /// in it must cost nobody an adapter.
    static func counted(_ db: Database, of users: [UserID]?) throws -> [AdapterUsage] {
        // The index on uid, createdAt and bytes answers this alone.
        let all = try fetchAll(
            db,
            sql: """
                SELECT uid, COUNT(*) AS adapters, SUM(bytes) AS bytes, 0 AS pinnedBytes
                FROM adapter GROUP BY uid ORDER BY uid
                """)
        return users.map { users in all.filter { users.contains($0.uid) } } ?? all
    }

    /// Whether two lists of sums differ, whatever is pinned.
    static func differ(_ one: [AdapterUsage], _ other: [AdapterUsage]) -> Bool {
        one.map { [Int($0.uid.rawValue), $0.adapters, $0.bytes] }
            != other.map { [Int($0.uid.rawValue), $0.adapters, $0.bytes] }
    }

    /// Adds everything up again: after rows were repaired, whose change the triggers may have missed.
    static func recompute(_ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM adapterUsage;
                INSERT INTO adapterUsage (uid, adapters, bytes, pinnedBytes)
                    SELECT uid, COUNT(*), SUM(bytes), SUM((isPinned OR publishedAs IS NOT NULL) * bytes)
                        FROM adapter GROUP BY uid;
                """)
    }

    /// The published names, and triggers that count what has one as pinned; of migration 11.
    static let schemaWithNames = """
        ALTER TABLE adapter ADD COLUMN publishedAs TEXT;
        CREATE UNIQUE INDEX adapterByPublishedName ON adapter (publishedAs) WHERE publishedAs IS NOT NULL;
        DROP TRIGGER adapterAdded;
        DROP TRIGGER adapterRemoved;
        DROP TRIGGER adapterPinned;
        CREATE TRIGGER adapterAdded AFTER INSERT ON adapter BEGIN
            INSERT INTO adapterUsage (uid, adapters, bytes, pinnedBytes)
                VALUES (NEW.uid, 1, NEW.bytes, (NEW.isPinned OR NEW.publishedAs IS NOT NULL) * NEW.bytes)
                ON CONFLICT (uid) DO UPDATE SET adapters = adapters + 1, bytes = bytes + excluded.bytes,
                    pinnedBytes = pinnedBytes + excluded.pinnedBytes;
        END;
        CREATE TRIGGER adapterRemoved AFTER DELETE ON adapter BEGIN
            UPDATE adapterUsage SET adapters = adapters - 1, bytes = bytes - OLD.bytes,
                pinnedBytes = pinnedBytes - (OLD.isPinned OR OLD.publishedAs IS NOT NULL) * OLD.bytes
                WHERE uid = OLD.uid;
            DELETE FROM adapterUsage WHERE uid = OLD.uid AND adapters <= 0;
        END;
        CREATE TRIGGER adapterKept AFTER UPDATE OF isPinned, publishedAs ON adapter
            WHEN (OLD.isPinned OR OLD.publishedAs IS NOT NULL) <> (NEW.isPinned OR NEW.publishedAs IS NOT NULL)
        BEGIN
            UPDATE adapterUsage SET pinnedBytes = pinnedBytes + ((NEW.isPinned OR NEW.publishedAs IS NOT NULL)
                - (OLD.isPinned OR OLD.publishedAs IS NOT NULL)) * NEW.bytes WHERE uid = NEW.uid;
        END;
        """

    private static let fill = """
        INSERT INTO adapterUsage (uid, adapters, bytes, pinnedBytes)
            SELECT uid, COUNT(*), SUM(bytes), SUM(isPinned * bytes) FROM adapter GROUP BY uid;
        """

    /// The table, its triggers, and the indexes by which adapters are evicted: least recently used first, of all or of one user;
    /// of migration 9.
    static let schema = """
        CREATE TABLE adapterUsage (
            uid INTEGER NOT NULL PRIMARY KEY,
            adapters INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            pinnedBytes INTEGER NOT NULL
        ) STRICT;
        \(fill)
        CREATE TRIGGER adapterAdded AFTER INSERT ON adapter BEGIN
            INSERT INTO adapterUsage (uid, adapters, bytes, pinnedBytes)
                VALUES (NEW.uid, 1, NEW.bytes, NEW.isPinned * NEW.bytes)
                ON CONFLICT (uid) DO UPDATE SET adapters = adapters + 1, bytes = bytes + excluded.bytes,
                    pinnedBytes = pinnedBytes + excluded.pinnedBytes;
        END;
        CREATE TRIGGER adapterRemoved AFTER DELETE ON adapter BEGIN
            UPDATE adapterUsage SET adapters = adapters - 1, bytes = bytes - OLD.bytes,
                pinnedBytes = pinnedBytes - OLD.isPinned * OLD.bytes WHERE uid = OLD.uid;
            DELETE FROM adapterUsage WHERE uid = OLD.uid AND adapters <= 0;
        END;
        CREATE TRIGGER adapterPinned AFTER UPDATE OF isPinned ON adapter WHEN OLD.isPinned <> NEW.isPinned BEGIN
            UPDATE adapterUsage SET pinnedBytes = pinnedBytes + (NEW.isPinned - OLD.isPinned) * NEW.bytes
                WHERE uid = NEW.uid;
        END;
        CREATE INDEX adapterByUse ON adapter (isPinned, usedAge, id);
        CREATE INDEX adapterByOwnersUse ON adapter (uid, isPinned, usedAge, id);
        """
}
