internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB

/// Requests, durable before they are acknowledged, first come first served.
///
/// An intent's text is erased in the same commit that makes its request final.
public actor IntentQueue {
    private let database: DurableDatabase
    private let capacity: Int
    private var stages: [String: RequestStage] = [:]
    private var watchers: [String: [UUID: AsyncStream<QueuedRequest>.Continuation]] = [:]
    /// How often something was put into the queue: what came while a worker was looking is not missed.
    private var submissions = 0
    private var idle: [UUID: CheckedContinuation<Void, Never>] = [:]

    /// Opens the queue and gives back what a run before this one left running.
    ///
    /// - Parameters:
    ///   - path: the database's file.
    ///   - capacity: how many open requests there may be.
    /// - Throws: `storageFailure` with what SQLite said.
    public init(path: String, capacity: Int = 10_000) throws(SgloradError) {
        self.capacity = capacity
        database = try DurableDatabase(
            path: path, applicationID: QueueSchema.applicationID, migrator: QueueSchema.migrator)
        try database.writeNow {
            try $0.execute(sql: "UPDATE request SET state = 'queued' WHERE state = 'running'")
        }
    }

    /// Accepts a request; durable when it returns.
    ///
    /// - Throws: `busy` where the queue is full.
    public func submit(
        _ intent: QueuedIntent, base: String, uid: Int, label: String?
    ) async throws(SgloradError) -> QueuedRequest {
        let request = QueuedRequest(
            id: "r-" + UUID().uuidString.lowercased(), uid: uid, base: base, label: label, state: .queued,
            submittedAt: Date())
        let capacity = capacity
        try await database.write { db in
            let open = try Int.fetchOne(
                db, sql: "SELECT count(*) FROM request WHERE state IN ('queued', 'running')")
            guard (open ?? 0) < capacity else {
                throw SgloradError(
                    .busy, "The queue is full (\(capacity) requests are open). Try again in a few seconds.",
                    parameters: ["retryAfter": .double(2), "reason": .string("the queue is full")])
            }
            try db.execute(
                sql: """
                    INSERT INTO request (id, uid, base, label, intent, state, submittedAt)
                    VALUES (?, ?, ?, ?, ?, 'queued', ?)
                    """,
                arguments: [
                    request.id, uid, base, label,
                    String(decoding: try JSONEncoder().encode(intent), as: UTF8.self),
                    request.submittedAt.timeIntervalSince1970,
                ])
        }
        wake()
        return request
    }

    /// Takes the oldest queued request, which is then running; nil where none waits.
    ///
    /// A request whose intent cannot be read any more becomes `failed`, and the next is looked at.
    public func take() async throws(SgloradError) -> (request: QueuedRequest, intent: QueuedIntent)? {
        while true {
            let taken = try await database.write { db in try Self.takeOldest(db) }
            guard let taken else { return nil }
            announce(taken.request)
            if let intent = taken.intent { return (taken.request, intent) }
        }
    }

    private static func takeOldest(
        _ db: Database
    ) throws -> (request: QueuedRequest, intent: QueuedIntent?)? {
        guard
            let row = try Row.fetchOne(
                db,
                sql: """
                    UPDATE request SET state = 'running' WHERE id =
                        (SELECT id FROM request WHERE state = 'queued' ORDER BY submittedAt, id LIMIT 1)
                    RETURNING *
                    """)
        else { return nil }
        let text: String = row["intent"]
        if let intent = try? JSONDecoder().decode(QueuedIntent.self, from: Data(text.utf8)) {
            return (QueuedRequest(row: row), intent)
        }
        let failure = SgloradError(
            .internal, "The request's intent cannot be read any more; ask again.",
            parameters: ["reason": .string("the intent cannot be read")])
        let failed = try Row.fetchOne(
            db,
            sql: """
                UPDATE request SET state = 'failed', finishedAt = ?, failure = ?, intent = NULL
                WHERE id = ? RETURNING *
                """,
            arguments: [
                Date().timeIntervalSince1970,
                String(decoding: try JSONEncoder().encode(failure), as: UTF8.self), row["id"] as String,
            ])
        return failed.map { (QueuedRequest(row: $0), nil) }
    }

    /// Waits until something may be queued, or the task is cancelled.
    public func waitForWork() async {
        let key = UUID()
        await withTaskCancellationHandler {
            let seen = submissions
            let waiting = try? await counts()[.queued] ?? 0
            if waiting != 0 || submissions != seen { return }
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume() } else { idle[key] = continuation }
            }
        } onCancel: {
            Task { await self.release(key) }
        }
    }

    /// Says what is being done with a running request.
    public func report(_ stage: RequestStage, of request: QueuedRequest) {
        stages[request.id] = stage
        var changed = request
        changed.stage = stage
        announce(changed)
    }

    /// Makes a running request final and erases its intent.
    ///
    /// - Parameters:
    ///   - id: the request.
    ///   - state: a final state; `done` needs an adapter.
    ///   - adapter: what was published for it.
    ///   - failure: why it was refused or failed, as JSON.
    public func finish(
        _ id: String, as state: RequestState, adapter: String? = nil, failure: String? = nil
    ) async throws(SgloradError) {
        precondition(state.isFinal, "a request cannot end as \(state)")
        let finished = try await database.write { db in
            try Row.fetchOne(
                db,
                sql: """
                    UPDATE request SET state = ?, finishedAt = ?, adapter = ?, failure = ?, intent = NULL
                    WHERE id = ? AND state = 'running' RETURNING *
                    """, arguments: [state.rawValue, Date().timeIntervalSince1970, adapter, failure, id]
            ).map(QueuedRequest.init(row:))
        }
        stages[id] = nil
        if let finished { announce(finished) }
    }

    /// Puts a running request back into the queue: its worker stops before it was done.
    public func giveBack(_ id: String) async throws(SgloradError) {
        let returned = try await database.write { db in
            try Row.fetchOne(
                db, sql: "UPDATE request SET state = 'queued' WHERE id = ? AND state = 'running' RETURNING *",
                arguments: [id]
            ).map(QueuedRequest.init(row:))
        }
        stages[id] = nil
        if let returned { announce(returned) }
        wake()
    }

    /// One request.
    public func request(_ id: String) async throws(SgloradError) -> QueuedRequest? {
        var found = try await database.read { db in
            try Row.fetchOne(db, sql: "SELECT * FROM request WHERE id = ?", arguments: [id]).map(
                QueuedRequest.init(row:))
        }
        if found?.state == .running { found?.stage = stages[id] }
        return found
    }

    /// A request's present state and then each change, to the final one.
    ///
    /// - Returns: a stream that ends after the final state; at once where there is no such request.
    public func changes(of id: String) async throws(SgloradError) -> AsyncStream<QueuedRequest> {
        let (stream, continuation) = AsyncStream.makeStream(of: QueuedRequest.self)
        let key = UUID()
        continuation.onTermination = { _ in Task { await self.unwatch(id, key) } }
        // Watched before it is read, so that no change falls between; a state seen twice does no harm.
        watchers[id, default: [:]][key] = continuation
        guard let present = try await request(id) else {
            continuation.finish()
            return stream
        }
        continuation.yield(present)
        if present.state.isFinal { continuation.finish() }
        return stream
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

    /// Ends all streams of changes: nobody is to wait for a request any more.
    public func endWatches() {
        for stream in watchers.values.flatMap(\.values) { stream.finish() }
        watchers = [:]
    }

    /// Closes the database; later calls fail.
    public func close() throws(SgloradError) {
        endWatches()
        try database.close()
    }

    private func announce(_ request: QueuedRequest) {
        guard let continuations = watchers[request.id]?.values else { return }
        for continuation in continuations {
            continuation.yield(request)
            if request.state.isFinal { continuation.finish() }
        }
        if request.state.isFinal { watchers[request.id] = nil }
    }

    private func unwatch(_ id: String, _ key: UUID) {
        watchers[id]?[key] = nil
        if watchers[id]?.isEmpty == true { watchers[id] = nil }
    }

    private func wake() {
        submissions += 1
        for continuation in idle.values { continuation.resume() }
        idle = [:]
    }

    private func release(_ key: UUID) {
        idle.removeValue(forKey: key)?.resume()
    }
}

extension QueuedRequest {
    fileprivate init(row: Row) {
        id = row["id"]
        uid = row["uid"]
        base = row["base"]
        label = row["label"]
        state = RequestState(rawValue: row["state"]) ?? .failed
        stage = nil
        submittedAt = Date(timeIntervalSince1970: row["submittedAt"])
        finishedAt = (row["finishedAt"] as Double?).map(Date.init(timeIntervalSince1970:))
        adapter = row["adapter"]
        failure = row["failure"]
    }
}
