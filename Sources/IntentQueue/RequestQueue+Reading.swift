public import ErrorModel
public import Files
internal import Foundation
internal import GRDB
internal import Storage

/// Reading requests.
extension RequestQueue {
    /// One request; nil where there is none.
    public func request(_ id: String) async throws(SgloradError) -> QueuedRequest? {
        let found = try await database.read { db in
            try RequestRecord.find(id, in: db).map(QueuedRequest.init)
        }
        return found.map(withStage)
    }

    /// Requests, newest first.
    ///
    /// - Parameters:
    ///   - uid: the user; nil for all users.
    ///   - state: the state; nil for any.
    ///   - label: the label; nil for any label or none.
    ///   - limit: the maximum number.
    public func requests(
        uid: UserID?, state: RequestState? = nil, label: String? = nil, limit: Int
    ) async throws(SgloradError) -> [QueuedRequest] {
        let found = try await database.read { db in
            try Self.listing(uid: uid, state: state, label: label, limit: limit).fetchAll(db)
                .map(QueuedRequest.init)
        }
        return found.map(withStage)
    }

    /// Every request of a user, whatever its state.
    ///
    /// - Parameters:
    ///   - uid: the user.
    ///   - label: the label; nil for any label or none.
    public func allRequests(of uid: UserID, label: String?) async throws(SgloradError) -> [QueuedRequest] {
        try await requests(uid: uid, label: label, limit: .max)
    }

    /// The query that lists requests.
    ///
    /// A parameter that is nil adds no condition: no index would serve `? IS NULL OR uid = ?`.
    static func listing(
        uid: UserID?, state: RequestState?, label: String?, limit: Int
    ) -> QueryInterfaceRequest<RequestRecord> {
        typealias Columns = RequestRecord.Columns
        var requests = RequestRecord.order(Columns.sequence.desc).limit(limit)
        if let uid { requests = requests.filter(Columns.uid == uid) }
        if let state {
            // The unary plus makes the planner use the index over users, which is better here than that over states.
            requests =
                uid == nil
                ? requests.filter(Columns.state == state.rawValue)
                : requests.filter(literal: "+state = \(state.rawValue)")
        }
        if let label { requests = requests.filter(Columns.label == label) }
        return requests
    }

    /// The identifiers of all requests, in parts and in the order of submission.
    ///
    /// - Parameters:
    ///   - sequence: the place after which a part begins; 0 for the first, then `last` of the part before.
    ///   - limit: how many at most.
    /// - Returns: nil where there are no more.
    public func requestIDs(
        after sequence: Int, limit: Int
    ) async throws(SgloradError) -> (ids: [String], last: Int)? {
        try await database.read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT sequence, id FROM request WHERE sequence > ? ORDER BY sequence LIMIT ?",
                arguments: [sequence, limit])
            guard let last = rows.last else { return nil }
            return (rows.map { $0["id"] }, last["sequence"])
        }
    }

    /// The identifiers of the open requests.
    public func openRequestIDs() async throws(SgloradError) -> Set<String> {
        try await database.read { db in
            try RequestRecord.filter(RequestRecord.isOpen).select(RequestRecord.Columns.id)
                .asRequest(of: String.self).fetchSet(db)
        }
    }

    /// How many requests are in each state; states without requests are left out.
    public func counts() async throws(SgloradError) -> [RequestState: Int] {
        try await countsByUser().values.reduce(into: [:]) { all, user in all.merge(user) { $0 + $1 } }
    }

    /// How many requests of each user are in each state; users and states without requests are left out.
    public func countsByUser() async throws(SgloradError) -> [UserID: [RequestState: Int]] {
        try await database.read { db in try RequestTally.byUser(db) }
    }

    private func withStage(_ request: QueuedRequest) -> QueuedRequest {
        var request = request
        if request.state == .running { request.stage = leases.stage(of: request.id) }
        return request
    }
}

/// Watching requests change.
extension RequestQueue {
    /// A request's present state and then each change, to the final one.
    ///
    /// - Returns: a stream that ends after the final state, or at once if there is no such request. It ends early if the
    ///   daemon stops (``hasEndedWatches``) or cannot write (``interruption``).
    public func changes(of id: String) async throws(SgloradError) -> AsyncStream<QueuedRequest> {
        // Watch first and then read, so that no change is missed. Seeing a state twice does no harm.
        let (stream, watch) = beginWatch(id)
        if let watch { watchers.tell(watch, try await request(id)) }
        return stream
    }

    /// Runs `body` with a feed of every change of every request from now on.
    ///
    /// - Parameters:
    ///   - isWanted: whether the requests of a user concern the watcher; asked at each change.
    ///   - body: takes the changes. The feed ends with ``endWatches()``, and where too many changes are not taken.
    /// - Throws: what `body` throws.
    public nonisolated func watching<Result: Sendable>(
        _ isWanted: @escaping @Sendable (UserID) -> Bool, _ body: (ChangeFeed) async throws -> Result
    ) async throws -> Result {
        let feed = ChangeFeed(few: 32, isWanted: isWanted)
        await add(feed)
        do {
            let result = try await body(feed)
            await remove(feed)
            return result
        } catch {
            await remove(feed)
            throw error
        }
    }

    private func add(_ feed: ChangeFeed) { watchers.add(feed) }

    private func remove(_ feed: ChangeFeed) { watchers.remove(feed) }

    private func beginWatch(
        _ id: String
    ) -> (stream: AsyncStream<QueuedRequest>, watch: RequestWatchers.Watch?) {
        watchers.begin(id) { watch in Task { await self.endWatch(watch) } }
    }

    private func endWatch(_ watch: RequestWatchers.Watch) { watchers.remove(watch) }

    /// Ends all streams of changes for good, because the daemon stops.
    public func endWatches() { watchers.end() }

    /// Ends all streams of changes because the disk or the database refuses to record how requests end.
    ///
    /// Waiting callers find the reason in ``interruption`` and do not wait for a disk that may never recover.
    public func interruptWatches(_ error: SgloradError) { watchers.interrupt(error) }

    /// Whether the daemon is stopping, so that nobody should wait for requests any more.
    public var hasEndedWatches: Bool { watchers.hasEnded }

    /// Why the ends of requests cannot be recorded at present; nil while they can.
    public var interruption: SgloradError? { watchers.interruption }
}
