internal import DurableStorage
public import ErrorModel
internal import GRDB

extension IntentQueue {
    /// One request.
    public func request(_ id: String) async throws(SgloradError) -> QueuedRequest? {
        let found = try await database.read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM request WHERE id = ?", arguments: [id]).map(
                QueuedRequest.init(row:))
        }
        return found.map(withStage)
    }

    /// Requests, newest first.
    ///
    /// - Parameters:
    ///   - uid: whose; nil for everyone's.
    ///   - state: in which state; nil for any.
    ///   - label: with which label; nil for those with any and with none.
    ///   - limit: how many at most.
    public func requests(
        uid: Int?, state: RequestState? = nil, label: String? = nil, limit: Int
    ) async throws(SgloradError) -> [QueuedRequest] {
        let found = try await database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM request
                    WHERE (uid = ?1 OR ?1 IS NULL) AND (state = ?2 OR ?2 IS NULL) AND (label = ?3 OR ?3 IS NULL)
                    ORDER BY sequence DESC LIMIT ?4
                    """, arguments: [uid, state?.rawValue, label, limit]
            ).map(QueuedRequest.init(row:))
        }
        return found.map(withStage)
    }

    /// How many requests are in each state.
    public func counts() async throws(SgloradError) -> [RequestState: Int] {
        try await database.read { db in
            var counts: [RequestState: Int] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT state, count(*) AS n FROM request GROUP BY state") {
                if let state = RequestState(rawValue: row["state"]) { counts[state] = row["n"] }
            }
            return counts
        }
    }

    private func withStage(_ request: QueuedRequest) -> QueuedRequest {
        var request = request
        if request.state == .running { request.stage = holdings[request.id]?.request.stage }
        return request
    }
}
