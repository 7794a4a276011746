package import ErrorModel
internal import Executors
package import ExpertLibrary
package import IntentQueue

/// Requests and adapters as a caller may see and change them.
///
/// Whatever belongs to another user is to a caller as if it did not exist.
package struct Belongings: Sendable {
    let queue: RequestQueue
    let store: LibraryStore
    let pool: ComputePool
    /// How much one user may have pinned.
    let policy: EvictionPolicy
    let publication: Publication

    /// A request that the caller may see.
    ///
    /// - Throws: `notFound` if there is none or it belongs to another user.
    package func request(_ id: String, for caller: Caller) async throws(SgloradError) -> QueuedRequest {
        guard let found = try await queue.request(id), caller.sees(found.uid) else {
            throw .noRequest(id)
        }
        return found
    }

    /// A published adapter that the caller may see.
    ///
    /// - Throws: `notFound` if there is none or it belongs to another user.
    package func adapter(_ id: String, for caller: Caller) async throws(SgloradError) -> AdapterRecord {
        guard let found = try await store.adapters.find(id), caller.sees(found.uid) else {
            throw .noAdapter(id)
        }
        return found
    }

    /// The requests that the caller may see, newest first; see `RequestQueue.requests`.
    package func requests(
        for caller: Caller, state: RequestState?, label: String?, limit: Int
    ) async throws(SgloradError) -> [QueuedRequest] {
        try await queue.requests(uid: caller.listedOwner, state: state, label: label, limit: limit)
    }

    /// Cancels a request; see `RequestQueue.cancel`.
    ///
    /// - Throws: `notFound`.
    package func cancelRequest(_ id: String, for caller: Caller) async throws(SgloradError) -> QueuedRequest {
        let request = try await request(id, for: caller)
        guard let cancelled = try await queue.cancel(request.id) else { throw .noRequest(id) }
        return cancelled
    }

    /// The adapters that the caller may see, newest first.
    package func adapters(
        for caller: Caller, base: String?, label: String?, limit: Int
    ) async throws(SgloradError) -> [AdapterRecord] {
        try await store.adapters.all(of: caller.listedOwner, base: base, label: label, limit: limit)
    }

    /// An adapter that the caller asked for by its identifier, which counts as a use of it.
    ///
    /// - Throws: `notFound`.
    package func usedAdapter(_ id: String, for caller: Caller) async throws(SgloradError) -> AdapterRecord {
        let record = try await adapter(id, for: caller)
        try await store.adapters.touch(record.id)
        return record
    }

    /// Pins an adapter, or unpins it.
    ///
    /// - Throws: `notFound`; `busy` where the adapter's owner would have too much pinned.
    package func pinAdapter(
        _ id: String, _ isPinned: Bool, for caller: Caller
    ) async throws(SgloradError) -> AdapterRecord {
        let record = try await adapter(id, for: caller)
        guard
            let pinned = try await store.adapters.pin(
                record.id, isPinned, atMost: policy.maximumPinnedBytesPerUser)
        else { throw .noAdapter(id) }
        return pinned
    }

    /// Removes an adapter with its files, and its name at the model servers.
    ///
    /// - Throws: `notFound`; `storageFailure`.
    package func removeAdapter(_ id: String, for caller: Caller) async throws(SgloradError) {
        let record = try await adapter(id, for: caller)
        guard try await !store.adapters.remove([record]).isEmpty else { throw .noAdapter(id) }
        try await publication.settle()
    }

    /// Runs `body` while an adapter's files are protected from eviction.
    ///
    /// - Throws: `notFound` if it is being evicted, and what `body` throws.
    package func using<Result: Sendable>(
        _ adapter: AdapterRecord, _ body: () async throws -> Result
    ) async throws -> Result {
        try await store.adapters.using(adapter, body)
    }

    /// A file of an adapter, to be read in chunks.
    package func file(_ name: String, of adapter: AdapterRecord) -> FileStream {
        FileStream(path: store.adapters.folder(of: adapter) + "/" + name, pool: pool)
    }
}

extension SgloradError {
    package static func noRequest(_ id: String) -> SgloradError {
        .notFound(
            "request", id,
            remedy:
                "'sglorad-ctl queue list' lists requests; final ones are deleted after queue.keepRequests.")
    }

    package static func noAdapter(_ id: String) -> SgloradError {
        .notFound("adapter", id, remedy: "'sglorad-ctl adapter list' lists the published adapters.")
    }
}
