internal import Adaptation
internal import ErrorModel
internal import ExpertLibrary
internal import Files
internal import IntentQueue
internal import SgloradInterface
internal import Varlink

/// Methods for requests and the queue.
extension ControlHandler {
    func request(_ stream: Methods.Request.Stream) async throws {
        let submitted = try await domain.admission.admit(
            Intent(stream.parameters.intent), key: stream.parameters.idempotencyKey, from: caller(stream.call)
        )
        let (final, adapter) = try await domain.follower.result(of: submitted.id) { change in
            try await stream.sendIfMore(.init(request: Wire.QueuedRequest(change, for: caller(stream.call))))
        }
        try await stream.finish(
            .init(
                request: Wire.QueuedRequest(final, for: caller(stream.call)),
                adapter: try Wire.Adapter(adapter, in: domain.store),
                replaced: domain.publication.replaced(by: adapter.id)))
    }

    func submit(_ call: Methods.Submit.Call) async throws -> Methods.Submit.Reply {
        let submitted = try await domain.admission.admit(
            Intent(call.parameters.intent), key: call.parameters.idempotencyKey, from: caller(call))
        return .init(requestId: submitted.id)
    }

    func getRequest(_ call: Methods.GetRequest.Call) async throws -> Methods.GetRequest.Reply {
        let caller = caller(call)
        let request = try await domain.belongings.request(call.parameters.requestId, for: caller)
        return .init(request: Wire.QueuedRequest(request, for: caller))
    }

    func listRequests(_ call: Methods.ListRequests.Call) async throws -> Methods.ListRequests.Reply {
        let caller = caller(call)
        let (found, more) = try await page(for: caller, call.parameters.limit) { limit in
            try await domain.belongings.requests(
                for: caller, state: try call.parameters.state.map(RequestState.init(named:)),
                label: call.parameters.label, limit: limit)
        }
        return .init(requests: found.map { Wire.QueuedRequest($0, for: caller) }, more: more)
    }

    func cancelRequest(_ call: Methods.CancelRequest.Call) async throws -> Methods.CancelRequest.Reply {
        let caller = caller(call)
        let cancelled = try await domain.belongings.cancelRequest(call.parameters.requestId, for: caller)
        return .init(request: Wire.QueuedRequest(cancelled, for: caller))
    }

    func retryRequest(_ call: Methods.RetryRequest.Call) async throws -> Methods.RetryRequest.Reply {
        let caller = caller(call)
        let request = try await domain.belongings.request(call.parameters.requestId, for: caller)
        let material = TaskMaterial(
            examples: call.parameters.examples?.map(TaskMaterial.Example.init) ?? [],
            labels: call.parameters.labels ?? [])
        guard
            let retried = try await domain.admission.retry(
                request, text: call.parameters.text, material: material)
        else {
            throw SgloradError.noRequest(request.id)
        }
        return .init(request: Wire.QueuedRequest(retried, for: caller))
    }
}

extension RequestState {
    fileprivate init(named name: String) throws(SgloradError) {
        guard let named = RequestState(rawValue: name) else {
            let known = RequestState.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidRequest(field: "state", reason: "is '\(name)'; it must be one of \(known)")
        }
        self = named
    }
}

extension SgloradError {
    /// Whether it refused a text that was longer than the encoder reads.
    fileprivate var isOfTruncatedText: Bool { parameters["truncated"] == .bool(true) }
}

extension Wire.QueuedRequest {
    /// A request as a caller sees it; administrators also see the owner.
    init(_ request: QueuedRequest, for caller: Caller) {
        self.init(
            requestId: request.id, state: request.state.rawValue, stage: request.stage?.rawValue,
            calledOff: request.isCancelRequested.flag, base: request.base, label: request.label,
            submittedAt: JSONText.time(request.submittedAt),
            finishedAt: request.finishedAt.map(JSONText.time),
            attempts: request.attempts > 0 ? request.attempts : nil, adapterId: request.adapter,
            failure: request.failure?.message, truncated: request.failure?.isOfTruncatedText.flag,
            uid: caller.isAdministrator ? request.uid.number : nil)
    }
}
