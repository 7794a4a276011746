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
        /// A user's requests and adapters with a label, and spool files that hold the label.
        case label(String, of: UserID)
        /// Everything that belongs to a user.
        case everything(of: UserID)
    }

    /// Something in the spool that could not be removed.
    package struct Leftover: Sendable, Hashable {
        /// Where it is.
        package let path: String
        /// Why, and who can remove it.
        package let reason: String
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
        /// What could not be removed from the spool, and why.
        package var left: [Leftover]
    }

    let queue: RequestQueue
    let store: LibraryStore
    let spool: SpoolExchange?
    let tombstones: Tombstones
    let pool: ComputePool
    let accounts: UserAccounts
    let publication: Publication
    /// Erasures that write take turns between users, so that one user's many do not hold up others' requests and erasures.
    private let turns = FairTurns<UserID>()

    private typealias Found = (requests: [QueuedRequest], adapters: [AdapterRecord])

    init(
        queue: RequestQueue, store: LibraryStore, spool: SpoolExchange?, tombstones: Tombstones,
        pool: ComputePool, accounts: UserAccounts, publication: Publication
    ) {
        self.queue = queue
        self.store = store
        self.spool = spool
        self.tombstones = tombstones
        self.pool = pool
        self.accounts = accounts
        self.publication = publication
    }

    /// Erases requests and adapters.
    ///
    /// An open request is first cancelled and waited for. Meanwhile, and while other users' erasures run, files are taken in
    /// and results are delivered. Files that wait in the spool are erased first, so that what was dropped before the call is
    /// either gone or in the queue when the requests are looked up.
    ///
    /// - Throws: `notFound` for a request that does not exist or belongs to another user; `storageFailure`;
    ///   `cancelled` if the daemon stops meanwhile.
    package func erase(_ scope: Scope, for caller: Caller) async throws(SgloradError) -> Receipt {
        let line = accounts.account(of: caller.uid)
        switch scope {
        case .request(let id):
            let found = try await belongings(of: id, for: caller)
            guard let owner = found.requests.first?.uid ?? found.adapters.first?.uid else {
                throw .noRequest(id)
            }
            return try await erase(found, of: owner, in: line, SpoolErased()) {
                .some(requests: $0, label: nil)
            }
        case .label(let label, let owner):
            let waiting = try await eraseWaiting(label: label, of: owner, in: line)
            let found = try await belongings(of: owner, label: label)
            return try await erase(found, of: owner, in: line, waiting) { .some(requests: $0, label: label) }
        case .everything(let owner):
            let waiting = try await eraseWaiting(label: nil, of: owner, in: line)
            let found = try await belongings(of: owner, label: nil)
            return try await erase(found, of: owner, in: line, waiting) { _ in .all }
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

    /// Erases a user's files that are not in the queue yet.
    private func eraseWaiting(
        label: String?, of owner: UserID, in line: UserID
    ) async throws(SgloradError) -> SpoolErased {
        guard let spool else { return SpoolErased() }
        return try await turns.take(in: line) { () async throws(SgloradError) in
            try await spool.forgetWaiting(label: label, of: owner)
        }
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
        _ found: Found, of owner: UserID, in line: UserID, _ waiting: SpoolErased,
        spooled: (Set<String>) -> SpoolErasure
    ) async throws(SgloradError) -> Receipt {
        // Outside the turn: a worker may need long to let go of a request.
        for request in found.requests where !request.state.isFinal { try await end(request.id) }
        let ids = Set(found.requests.map(\.id) + found.adapters.map(\.request))
        let erasure = spooled(ids)
        return try await turns.take(in: line) { () async throws(SgloradError) in
            var (removed, gone): ([String], [String]) = ([], [])
            if !ids.isEmpty {
                let tombstones = tombstones
                let reserve = DiskReserve(store.state)
                try await pool.run { () throws(SgloradError) in
                    try reserve.use { () throws(SgloradError) in try tombstones.add(ids.sorted()) }
                }
                removed = try await removeAdapters(of: ids, owner: owner)
                // Their names and weights also lie where model servers read them.
                try await publication.settle()
                let damaged = Quarantine(store.state)
                let made = found.requests.compactMap(\.adapter) + found.adapters.map(\.id)
                try await pool.run { () throws(SgloradError) in damaged.removeAdapters(made) }
                gone = try await queue.forget(ids.sorted())
            }
            // Always: an adapter that was removed or evicted before may have left its label in the log.
            try await store.truncateLog()
            // After the requests: none of their results can be delivered any more.
            var erased = waiting
            if let spool { erased += try await spool.forget(erasure, of: owner) }
            return Receipt(
                requests: gone, adapters: removed, results: erased.results, files: erased.files,
                left: erased.left.map { Leftover(path: $0.path, reason: $0.reason) })
        }
    }

    private func removeAdapters(
        of requests: Set<String>, owner: UserID?
    ) async throws(SgloradError) -> [String] {
        let adapters = try await store.adapters.all(of: owner).filter { requests.contains($0.request) }
        return try await store.adapters.remove(adapters).map(\.id)
    }

    /// Cancels a request and waits until no worker holds it.
    private func end(_ id: String) async throws(SgloradError) {
        _ = try await queue.cancel(id)
        for await change in try await queue.changes(of: id) where change.state.isFinal { return }
        guard let request = try await queue.request(id), !request.state.isFinal else { return }
        throw .cancelled("the daemon is stopping; the request is not erased yet")
    }
}
