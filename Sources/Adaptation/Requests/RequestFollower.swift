internal import ErrorModel
package import ExpertLibrary
package import IntentQueue

/// Follows a request until it ends, for a caller that waits for the result.
package struct RequestFollower: Sendable {
    let queue: RequestQueue
    let store: LibraryStore

    /// Waits until a request is final.
    ///
    /// - Parameters:
    ///   - id: the request.
    ///   - onChange: called with each state before the final one.
    /// - Returns: the final request and its adapter.
    /// - Throws: the request's own failure; `cancelled`; `notFound` if the adapter has been removed already;
    ///   `storageFailure` if the queue cannot record how requests end (the request is kept);
    ///   `CancellationError`.
    package func result(
        of id: String, onChange: (QueuedRequest) async throws -> Void
    ) async throws -> (request: QueuedRequest, adapter: AdapterRecord) {
        var last: QueuedRequest?
        for await change in try await queue.changes(of: id) where change != last {
            last = change
            guard !change.state.isFinal else { break }
            try await onChange(change)
        }
        try Task.checkCancellation()
        guard let final = last, final.state.isFinal else { throw await interruption(of: id) }
        if let failure = final.failure { throw failure }
        guard final.state == .done else {
            throw SgloradError.cancelled("the request ended as \(final.state.rawValue)")
        }
        guard let adapter = final.adapter, let found = try await store.adapters.find(adapter) else {
            throw SgloradError.notFound(
                "adapter", final.adapter ?? "",
                remedy: "The request \(final.id) is done, but its adapter has been removed since. Make a new "
                    + "request.")
        }
        return (final, found)
    }

    /// The error for a watch that ended before its request did.
    private func interruption(of id: String) async -> SgloradError {
        guard let error = await queue.interruption else {
            return .cancelled("the daemon is stopping; the request is kept and resumed after the next start")
        }
        return SgloradError(
            error.code,
            "The request \(id) is kept and will be finished once the daemon can write again; "
                + "'sglorad-ctl queue show \(id)' shows it. The current problem: \(error.message)",
            parameters: error.parameters, cause: error)
    }
}
