internal import Privacy
internal import SgloradInterface

/// Requests.
extension SgloradClient {
    /// Makes an adapter from an intent in plain words.
    ///
    /// The same as ``request(_:idempotencyKey:progress:)`` with the most common options.
    ///
    /// - Parameters:
    ///   - text: the task in plain words.
    ///   - label: a word of the application's own, to find or forget the request by.
    ///   - base: the base model; needed only if the daemon knows several.
    ///   - strategy: how the adapter is made; ``Strategy/auto`` by default.
    ///   - seed: the seed of all random numbers; drawn by the daemon by default.
    ///   - examples: examples of the task, at most 32.
    ///   - labels: the answers that can occur, at most 1,000.
    ///   - idempotencyKey: makes the request safe to repeat.
    /// - Returns: the published adapter.
    /// - Throws: ``Failure/refused(_:)`` if no expert is near enough; any other ``Failure``; `CancellationError`.
    public func request(
        _ text: String, label: String? = nil, base: String? = nil, strategy: Strategy? = nil,
        seed: Int? = nil, examples: [Example] = [], labels: [String] = [], idempotencyKey: String? = nil
    ) async throws -> Adapter {
        try await request(
            Intent(
                text, base: base, strategy: strategy, seed: seed, label: label, examples: examples,
                labels: labels),
            idempotencyKey: idempotencyKey)
    }

    /// Makes an adapter from an intent.
    ///
    /// The daemon makes the request durable before it begins, and finishes it whatever becomes of this process.
    ///
    /// *Cancellation.* If the task is cancelled, the request is cancelled, too: the call asks the daemon for that, waits a
    /// few seconds at most for its answer, and throws `CancellationError`. A request that was being published at that
    /// moment is done nevertheless. If the daemon cannot be reached, the request goes on.
    ///
    /// *Restarts.* If the daemon ends during the wait and there is an idempotency key, the call looks for the daemon for
    /// as long as ``patience`` says and asks again with the same key: the daemon still knows the request, and never makes it
    /// twice. Without a key, the call throws ``Failure/interrupted(_:)``, whose report names the request if it was queued.
    /// A daemon that cannot be reached in the first place is ``Failure/unreachable(_:)`` at once.
    ///
    /// *Time.* When ``timeout`` is over, the call throws ``Failure/timedOut(_:)`` and the request goes on.
    ///
    /// - Parameters:
    ///   - intent: what is wanted.
    ///   - idempotencyKey: a key of the application's own, 1 to 256 bytes. The daemon remembers it for a day: the same
    ///     key with the same intent leads to the first request, whatever became of it.
    ///   - progress: told of each change of the request, on no particular thread.
    /// - Returns: the published adapter.
    /// - Throws: ``Failure/refused(_:)`` if no expert is near enough; any other ``Failure``; `CancellationError`.
    public func request(
        _ intent: Intent, idempotencyKey: String? = nil, progress: (@Sendable (Request) -> Void)? = nil
    ) async throws -> Adapter {
        try await RequestWait(self, intent, key: idempotencyKey, progress: progress).run()
    }

    /// Queues an intent and returns.
    ///
    /// - Returns: the identifier of the request, which is durable.
    /// - Throws: ``Failure``; `CancellationError`, upon which the request may have been queued.
    public func submit(_ intent: Intent, idempotencyKey: String? = nil) async throws -> String {
        try await call(Methods.Submit.self, .init(intent: intent.wire, idempotencyKey: idempotencyKey)) {
            $0.requestId
        }
    }

    /// Returns a request.
    ///
    /// - Throws: ``Failure/notFound(_:)``; any other ``Failure``; `CancellationError`.
    public func request(withID id: String) async throws -> Request {
        try await call(Methods.GetRequest.self, .init(requestId: id)) { try Request($0.request) }
    }

    /// Lists requests, newest first: the caller's own, or everybody's for administrators.
    ///
    /// - Parameters:
    ///   - state: only requests in this state.
    ///   - label: only requests with this label.
    ///   - limit: the most to return, 1 to 1,000.
    /// - Throws: ``Failure``, `CancellationError`.
    public func requests(
        in state: Request.State? = nil, label: String? = nil, limit: Int = 100
    ) async throws -> [Request] {
        try await call(
            Methods.ListRequests.self, .init(state: state?.rawValue, label: label, limit: limit)
        ) { try $0.requests.map { try Request($0) } }
    }

    /// Cancels a request: at once if it is queued, at its next stage if it is running.
    ///
    /// - Returns: the request, with ``Request/isCalledOff`` if it is still running. A final one stays as it is.
    /// - Throws: ``Failure/notFound(_:)``; any other ``Failure``; `CancellationError`.
    @discardableResult
    public func cancel(_ requestID: String) async throws -> Request {
        try await call(Methods.CancelRequest.self, .init(requestId: requestID)) { try Request($0.request) }
    }

    /// Queues a request again that was refused, failed or cancelled, under its old identifier.
    ///
    /// - Parameters:
    ///   - requestID: the request.
    ///   - text: the intent's text, which the daemon erases once a request is final.
    ///   - examples: the intent's examples, which it erases with the text.
    ///   - labels: the intent's labels, likewise.
    /// - Throws: ``Failure``, `CancellationError`.
    @discardableResult
    public func retry(
        _ requestID: String, text: String? = nil, examples: [Example] = [], labels: [String] = []
    ) async throws -> Request {
        try await call(
            Methods.RetryRequest.self,
            .init(
                requestId: requestID, text: text.map { PrivateText($0) }, examples: examples.wire,
                labels: labels.wire)
        ) { try Request($0.request) }
    }
}

/// Erasure.
extension SgloradClient {
    /// Erases a request and everything that was made from it: text, label, adapter, files, result.
    ///
    /// - Throws: ``Failure/notFound(_:)``; any other ``Failure``; `CancellationError`.
    @discardableResult
    public func forget(request id: String) async throws -> Erasure {
        try await call(Methods.Forget.self, .init(requestId: id)) { Erasure($0) }
    }

    /// Erases everything of this user that has a label.
    ///
    /// - Throws: ``Failure``, `CancellationError`.
    @discardableResult
    public func forget(label: String) async throws -> Erasure {
        try await call(Methods.Forget.self, .init(label: label)) { Erasure($0) }
    }

    /// Erases everything that this user owns.
    ///
    /// - Throws: ``Failure``, `CancellationError`.
    @discardableResult
    public func forgetEverything() async throws -> Erasure {
        try await call(Methods.Forget.self, .init(all: true)) { Erasure($0) }
    }
}
