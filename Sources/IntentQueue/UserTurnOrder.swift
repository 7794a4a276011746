internal import Files
internal import GRDB
internal import Storage

/// A row of the table `turn`: when an account was last served, as a counter.
private struct TurnRecord: Sendable, Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "turn"

    let uid: UserID
    let served: Int

    enum Columns {
        static let uid = Column(CodingKeys.uid)
    }
}

/// Whose turn it is: round robin over the users with queued requests, first come, first served within a user.
///
/// Users are counted by their accounts, so that the IDs of a subordinate range have one turn together.
///
/// Of the users with queued requests, the one who was served the longest ago comes first; a user who was never served comes
/// before those who were, and among such users the oldest request decides. The order is kept in the database and outlives a
/// restart.
enum UserTurnOrder {
    /// The `sequence` of the next request of a lane.
    ///
    /// Its user moves to the end of the order.
    ///
    /// - Returns: nil where nothing is queued.
    static func next(_ db: Database, in lane: QueueLane = .direct) throws -> Int? {
        let statement = try db.cachedStatement(sql: sql)
        guard let place = try Place.fetchOne(statement, arguments: ["lane": lane.rawValue]) else {
            return nil
        }
        let last = try Int.fetchOne(db.cachedStatement(sql: "SELECT max(served) FROM turn"))
        try TurnRecord(uid: place.uid, served: (last ?? 0) + 1).insert(db, onConflict: .replace)
        return place.first
    }

    /// Deletes the rows of users who have no requests left.
    static func prune(_ db: Database) throws {
        let users = RequestRecord.select(RequestRecord.Columns.account)
        try TurnRecord.filter(!users.contains(TurnRecord.Columns.uid)).deleteAll(db)
    }

    private struct Place: Decodable, FetchableRecord {
        let uid: UserID
        let first: Int
    }

    /// SQL by hand: the recursion steps from user to user by the index `requestWaiting`, so that a long queue
    /// costs no more than a short one.
    ///
    /// Without `INDEXED BY` the planner would use `requestByState` and read all queued requests for each
    /// user. The state is a literal because the index is partial: with a bound value it would not apply.
    static let sql = """
        WITH RECURSIVE user (uid) AS (
            SELECT min(account) FROM request INDEXED BY requestWaiting WHERE state = 'queued' AND lane = :lane
            UNION ALL
            SELECT (SELECT min(account) FROM request INDEXED BY requestWaiting
                WHERE state = 'queued' AND lane = :lane AND request.account > user.uid)
            FROM user WHERE user.uid IS NOT NULL
        )
        SELECT uid,
            (SELECT min(sequence) FROM request INDEXED BY requestWaiting
                WHERE state = 'queued' AND lane = :lane AND request.account = user.uid) AS first,
            coalesce((SELECT served FROM turn WHERE turn.uid = user.uid), 0) AS turn
        FROM user WHERE uid IS NOT NULL ORDER BY turn, first LIMIT 1
        """
}
