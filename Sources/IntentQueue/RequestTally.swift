internal import Files
internal import GRDB
internal import Storage

/// How many requests there are, by account, user and state, so that counting them costs the same however many there are.
///
/// Triggers keep the table `tally` in the transaction that changes a request. It is counted anew when the queue is opened,
/// so that a damaged one does no harm.
enum RequestTally {
    /// Creates the table and its triggers.
    ///
    /// They belong to a migration and must not be changed.
    static func install(in db: Database) throws {
        try db.execute(
            sql: """
                CREATE TABLE tally (
                    account INTEGER NOT NULL,
                    uid INTEGER NOT NULL,
                    state TEXT NOT NULL,
                    requests INTEGER NOT NULL,
                    PRIMARY KEY (account, uid, state)
                ) STRICT, WITHOUT ROWID;
                CREATE TRIGGER requestAdded AFTER INSERT ON request BEGIN
                    INSERT INTO tally VALUES (new.account, new.uid, new.state, 1)
                        ON CONFLICT DO UPDATE SET requests = requests + 1;
                END;
                CREATE TRIGGER requestRemoved AFTER DELETE ON request BEGIN
                    UPDATE tally SET requests = requests - 1
                        WHERE account = old.account AND uid = old.uid AND state = old.state;
                    DELETE FROM tally
                        WHERE account = old.account AND uid = old.uid AND state = old.state AND requests <= 0;
                END;
                CREATE TRIGGER requestMoved AFTER UPDATE OF account, uid, state ON request
                    WHEN (new.account, new.uid, new.state) <> (old.account, old.uid, old.state)
                BEGIN
                    UPDATE tally SET requests = requests - 1
                        WHERE account = old.account AND uid = old.uid AND state = old.state;
                    DELETE FROM tally
                        WHERE account = old.account AND uid = old.uid AND state = old.state AND requests <= 0;
                    INSERT INTO tally VALUES (new.account, new.uid, new.state, 1)
                        ON CONFLICT DO UPDATE SET requests = requests + 1;
                END;
                """)
    }

    /// Counts the requests anew where the table does not say how many there are.
    static func correct(_ db: Database) throws {
        let counted = "SELECT account, uid, state, count(*) FROM request GROUP BY account, uid, state"
        let isRight =
            try Row.fetchOne(
                db,
                sql: "SELECT 1 FROM (SELECT * FROM (\(counted) EXCEPT SELECT * FROM tally) UNION ALL "
                    + "SELECT * FROM (SELECT * FROM tally EXCEPT \(counted))) LIMIT 1") == nil
        guard !isRight else { return }
        try db.execute(sql: "DELETE FROM tally; INSERT INTO tally \(counted)")
    }

    /// How many requests each user has in each state; users and states without requests are left out.
    static func byUser(_ db: Database) throws -> [UserID: [RequestState: Int]] {
        let statement = try db.cachedStatement(
            sql: "SELECT uid, state, sum(requests) FROM tally GROUP BY uid, state")
        var counts: [UserID: [RequestState: Int]] = [:]
        let rows = try Row.fetchCursor(statement)
        while let row = try rows.next() {
            // A state that cannot be read is a damaged row, which the next start counts anew.
            guard let state = RequestState(rawValue: row[1]) else { continue }
            counts[row[0], default: [:]][state] = row[2]
        }
        return counts
    }

    /// How many requests are queued or running; of one account, or of all.
    static func open(_ db: Database, of account: UserID? = nil) throws -> Int {
        try sum(db, account, "state IN ('queued', 'running')")
    }

    /// How many requests of an account have ended.
    static func ended(_ db: Database, of account: UserID) throws -> Int {
        try sum(db, account, "state NOT IN ('queued', 'running')")
    }

    private static func sum(_ db: Database, _ account: UserID?, _ condition: String) throws -> Int {
        let start = "SELECT sum(requests) FROM tally WHERE \(condition)"
        if let account {
            return try Int.fetchOne(
                db.cachedStatement(sql: "\(start) AND account = ?"), arguments: [account]) ?? 0
        }
        return try Int.fetchOne(db.cachedStatement(sql: start)) ?? 0
    }
}
