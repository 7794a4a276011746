package import ErrorModel
internal import Executors
internal import ExpertLibrary
package import Files
internal import IntentQueue
internal import Spool
internal import Storage

/// Erases requests with everything derived from them, so that none of it is left in any file.
///
/// This is `Forget`. The text of a request that ends is erased by the queue, in the commit that makes the request final:
/// see `Sources/IntentQueue/RequestRecord+TextErasure.swift`.
///
/// The tombstones are written first: if a crash interrupts an erasure after that, the next start completes
/// it.
package struct Eraser: Sendable {
    /// What an erasure covers.
    package enum Scope: Sendable {
        /// One request and its adapter.
        case request(String)
        /// A user's requests and adapters with a label, and rejected spool files that hold the label.
        case label(String, of: UserID)
        /// Everything that belongs to a user.
        case everything(of: UserID)
    }

    /// What an erasure removed.
    package struct Receipt: Sendable, Hashable {
        /// The IDs of the erased requests.
        package var requests: [String]
        /// The IDs of the erased adapters.
        package var adapters: [String]
        /// The number of results removed from the spool.
        package var results: Int
        /// The number of other files removed from the spool.
        package var files: Int
    }

    let queue: RequestQueue
    let store: LibraryStore
    let spool: SpoolExchange?
    let tombstones: Tombstones
    let pool: ComputePool

    private typealias Found = (requests: [QueuedRequest], adapters: [AdapterRecord])

    /// Erases requests and adapters.
    ///
    /// An open request is first cancelled and waited for.
    ///
    /// - Throws: `notFound` for a request that does not exist or belongs to another user; `storageFailure`;
    ///   `cancelled` if the daemon stops meanwhile.
    package func erase(_ scope: Scope, for caller: Caller) async throws(SgloradError) -> Receipt {
        switch scope {
        case .request(let id):
            let found = try await belongings(of: id, for: caller)
            guard let owner = found.requests.first?.uid ?? found.adapters.first?.uid else {
                throw .noRequest(id)
            }
            return try await exclusively { () async throws(SgloradError) in
                try await erase(found, of: owner) { .some(requests: $0, label: nil) }
            }
        case .label(let label, let owner):
            return try await exclusively { () async throws(SgloradError) in
                try await erase(try await belongings(of: owner, label: label), of: owner) {
                    .some(requests: $0, label: label)
                }
            }
        case .everything(let owner):
            return try await exclusively { () async throws(SgloradError) in
                try await erase(try await belongings(of: owner, label: nil), of: owner) { _ in .all }
            }
        }
    }

    /// Repeats the erasures that a restored backup has undone.
    ///
    /// - Parameter progress: told while the rows are compared with the tombstones.
    /// - Returns: the number of requests and adapters erased again.
    package func repeatAll(progress: some StartObserver) async throws(SgloradError) -> Int {
        defer { tombstones.release() }
        guard tombstones.count > 0 else { return 0 }
        progress.begin("Repeating erasures that a restored backup has undone")
        // The rows are looked up among the tombstones, since there may be millions of these.
        var (forgotten, last): ([String], Int) = ([], 0)
        while let page = try await queue.requestIDs(after: last, limit: 10_000) {
            forgotten += page.ids.filter(tombstones.contains)
            last = page.last
            progress.step()
        }
        let adapters = try await store.adapters.all().map(\.request).filter(tombstones.contains)
        let removed = try await removeAdapters(of: Set(forgotten + adapters), owner: nil)
        return removed.count + (try await queue.forget(forgotten, evenOpen: true)).count
    }

    /// Runs `body` while the spool is paused: it takes in no files and delivers no results.
    private func exclusively(
        _ body: () async throws(SgloradError) -> Receipt
    ) async throws(SgloradError) -> Receipt {
        guard let spool else { return try await body() }
        return try await spool.exclusively(body)
    }

    /// A request and its adapter, as far as they exist and the caller may see them.
    private func belongings(of id: String, for caller: Caller) async throws(SgloradError) -> Found {
        let request = try await queue.request(id)
        let adapter = try await store.adapters.find(request: id)
        return (
            request.map { caller.sees($0.uid) ? [$0] : [] } ?? [],
            adapter.map { caller.sees($0.uid) ? [$0] : [] } ?? []
        )
    }

    private func belongings(of owner: UserID, label: String?) async throws(SgloradError) -> Found {
        (
            try await queue.allRequests(of: owner, label: label),
            try await store.adapters.all(of: owner, label: label)
        )
    }

    private func erase(
        _ found: Found, of owner: UserID, spooled: (Set<String>) -> SpoolErasure
    ) async throws(SgloradError) -> Receipt {
        for request in found.requests where !request.state.isFinal { try await end(request.id) }
        let ids = Set(found.requests.map(\.id) + found.adapters.map(\.request))
        let tombstones = tombstones
        let reserve = DiskReserve(store.state)
        try await pool.run { () throws(SgloradError) in
            try reserve.use { () throws(SgloradError) in try tombstones.add(ids.sorted()) }
        }
        let removed = try await removeAdapters(of: ids, owner: owner)
        let damaged = Quarantine(store.state)
        let made = found.requests.compactMap(\.adapter) + found.adapters.map(\.id)
        try await pool.run { () throws(SgloradError) in damaged.removeAdapters(made) }
        let gone = try await queue.forget(ids.sorted())
        let (results, files) = try await spool?.forget(spooled(ids), of: owner) ?? (0, 0)
        return Receipt(requests: gone, adapters: removed, results: results, files: files)
    }

    private func removeAdapters(
        of requests: Set<String>, owner: UserID?
    ) async throws(SgloradError) -> [String] {
        let adapters = try await store.adapters.all(of: owner).filter { requests.contains($0.request) }
        let removed = try await store.adapters.remove(adapters)
        // Always: an adapter that was removed or evicted before may have left its label in the log.
        try await store.truncateLog()
        return removed.map(\.id)
    }

    /// Cancels a request and waits until no worker holds it.
    private func end(_ id: String) async throws(SgloradError) {
        _ = try await queue.cancel(id)
        for await change in try await queue.changes(of: id) where change.state.isFinal { return }
        guard let request = try await queue.request(id), !request.state.isFinal else { return }
        throw .cancelled("the daemon is stopping; the request is not erased yet")
    }
}
