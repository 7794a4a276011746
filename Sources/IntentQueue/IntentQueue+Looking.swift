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
        let (sql, arguments) = Self.listing(uid: uid, state: state, label: label, limit: limit)
        let found = try await database.read { db in
            try Row.fetchAll(db, sql: sql, arguments: arguments).map(QueuedRequest.init(row:))
        }
        return found.map(withStage)
    }

    /// The statement that lists requests.
    ///
    /// It has no word of what is not asked for: a condition that may be none would be served by no index.
    static func listing(
        uid: Int?, state: RequestState?, label: String?, limit: Int
    ) -> (sql: String, arguments: StatementArguments) {
        var conditions = ["TRUE"]
        var arguments = StatementArguments()
        if let uid {
            conditions.append("uid = ?")
            arguments += [uid]
        }
        if let state {
            // The sign keeps the index over states from being taken where the one over users is the better.
            conditions.append(uid == nil ? "state = ?" : "+state = ?")
            arguments += [state.rawValue]
        }
        if let label {
            conditions.append("label = ?")
            arguments += [label]
        }
        arguments += [limit]
        let selection = conditions.joined(separator: " AND ")
        return ("SELECT * FROM request WHERE \(selection) ORDER BY sequence DESC LIMIT ?", arguments)
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
