internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import IntentQueue

/// Erases requests with all that came of them, so that none of it stands in any file.
///
/// The tombstone comes first: what a crash cuts off after it, the next start carries on.
struct Eraser: Sendable {
    let queue: IntentQueue
    let cache: ExpertCache
    let spool: SpoolKeeper?
    let tombstones: Tombstones
    let pool: ComputePool

    /// What is to be erased: requests, and adapters whose requests may be forgotten already.
    typealias Belongings = (requests: [QueuedRequest], adapters: [AdapterRecord])

    /// Erases a user's requests and adapters.
    ///
    /// - Parameters:
    ///   - uid: whose they are.
    ///   - label: rejected files that hold it go too.
    ///   - all: whether everything of the user's in the spool goes.
    ///   - belongings: says which they are, once the spool takes nothing in any more; requests that have not ended are called
    ///     off, and waited for.
    /// - Returns: what was erased.
    func erase(
        of uid: Int, label: String? = nil, all: Bool = false,
        _ belongings: () async throws(SgloradError) -> Belongings
    ) async throws(SgloradError) -> Methods.Forget.Reply {
        guard let spool else { return try await eraseNow(try await belongings(), uid, label, all) }
        return try await spool.exclusively { () async throws(SgloradError) in
            try await eraseNow(try await belongings(), uid, label, all)
        }
    }

    private func eraseNow(
        _ belongings: Belongings, _ uid: Int, _ label: String?, _ all: Bool
    ) async throws(SgloradError) -> Methods.Forget.Reply {
        let (requests, adapters) = belongings
        for request in requests where !request.state.isFinal { try await end(request.id) }
        let ids = Set(requests.map(\.id) + adapters.map(\.request))
        let tombstones = tombstones
        try await pool.run { () throws(SgloradError) in try tombstones.add(ids.sorted()) }
        let removed = try await remove(ids, of: uid)
        let damaged = DamagedStore(cache.state)
        let made = requests.compactMap(\.adapter) + adapters.map(\.id)
        try await pool.run { () throws(SgloradError) in damaged.removeAdapters(made) }
        let gone = try await queue.forget(ids.sorted())
        let (results, files) =
            try await spool?.forget(all ? .all : .some(requests: ids, label: label), of: uid) ?? (0, 0)
        return Methods.Forget.Reply(requests: gone, adapters: removed, results: results, files: files)
    }

    /// Forgets again what a restored backup has brought back.
    ///
    /// - Returns: how many requests and adapters that were.
    func repeatAll() async throws(SgloradError) -> Int {
        let tombstones = tombstones
        let forgotten = Set(try await pool.run { () throws(SgloradError) in tombstones.all })
        guard !forgotten.isEmpty else { return 0 }
        let removed = try await remove(forgotten, of: nil)
        return removed.count + (try await queue.forget(forgotten.sorted(), evenOpen: true)).count
    }

    private func remove(_ requests: Set<String>, of uid: Int?) async throws(SgloradError) -> [String] {
        let adapters = try await cache.adapters(uid: uid).filter { requests.contains($0.request) }
        let removed = try await cache.remove(adapters)
        if !removed.isEmpty { try await cache.truncateLog() }
        return removed.map(\.id)
    }

    /// Calls a request off and waits until nobody is at it any more.
    private func end(_ id: String) async throws(SgloradError) {
        _ = try await queue.cancel(id)
        for await change in try await queue.changes(of: id) where change.state.isFinal { return }
        guard let request = try await queue.request(id), !request.state.isFinal else { return }
        throw .cancelled("the daemon is stopping; the request is not forgotten yet")
    }
}
