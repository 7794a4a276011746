internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue

/// The queue as its owners and its administrators see it.
extension ControlInterface {
    func submit(
        _ parameters: Methods.Submit.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.Submit.Reply {
        let submission = try await submission(parameters.intent, parameters.idempotencyKey, call.peer)
        return Methods.Submit.Reply(requestId: try await queue.submit(submission).id)
    }

    /// What a call puts into the queue, once it is known to be sound.
    func submission(
        _ intent: Wire.Intent, _ key: String?, _ peer: Peer
    ) async throws(SgloradError) -> Submission {
        let queued = try IntentValidation.queued(intent)
        let base = try await libraries.base(named: intent.base)
        var submission = Submission(
            queued, base: base.name, uid: Int(peer.uid), label: intent.label,
            // As the caller said it: a seed that the daemon draws must not make a repetition another intent.
            key: try key.map { (key) throws(SgloradError) in
                IdempotencyKey(key, content: Array(try WireJSON.string(intent).utf8))
            })
        // A repetition makes no adapter, and none is evicted for it.
        let (uid, repeated) = (submission.uid, submission.key)
        submission.obstacle = try await share.obstacle(for: uid) { () async throws(SgloradError) in
            guard let repeated else { return false }
            return try await queue.knows(repeated, uid: uid)
        }
        return submission
    }

    func getRequest(
        _ parameters: Methods.GetRequest.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.GetRequest.Reply {
        Methods.GetRequest.Reply(
            request: try wire(try await request(parameters.requestId, for: call.peer), for: call.peer))
    }

    func listRequests(
        _ parameters: Methods.ListRequests.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.ListRequests.Reply {
        let limit = try Self.limit(parameters.limit)
        var state: RequestState?
        if let name = parameters.state {
            guard let named = RequestState(rawValue: name) else {
                let known = RequestState.allCases.map(\.rawValue).joined(separator: ", ")
                throw SgloradError.invalidRequest(
                    field: "state", reason: "is '\(name)'; it must be one of \(known)")
            }
            state = named
        }
        let found = try await queue.requests(
            uid: isAdministrator(call.peer) ? nil : Int(call.peer.uid), state: state,
            label: parameters.label, limit: limit + 1)
        return Methods.ListRequests.Reply(
            requests: try found.prefix(limit).map { try wire($0, for: call.peer) },
            more: found.count > limit ? true : nil)
    }

    func cancelRequest(
        _ parameters: Methods.CancelRequest.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.CancelRequest.Reply {
        let request = try await request(parameters.requestId, for: call.peer)
        guard let cancelled = try await queue.cancel(request.id) else { throw Self.noRequest(request.id) }
        return Methods.CancelRequest.Reply(request: try wire(cancelled, for: call.peer))
    }

    func retryRequest(
        _ parameters: Methods.RetryRequest.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.RetryRequest.Reply {
        let request = try await request(parameters.requestId, for: call.peer)
        if let text = parameters.text { try IntentValidation.check(text: text) }
        // One that is open or done is not put back, and nothing is evicted for it.
        let obstacle = try await share.obstacle(for: request.uid) {
            !request.state.isFinal || request.state == .done
        }
        guard
            let retried = try await queue.retry(request.id, text: parameters.text, obstacle: obstacle)
        else { throw Self.noRequest(request.id) }
        return Methods.RetryRequest.Reply(request: try wire(retried, for: call.peer))
    }

    /// A request that a peer may see; another user's is as good as not there.
    private func request(_ id: String, for peer: Peer) async throws(SgloradError) -> QueuedRequest {
        guard let found = try await queue.request(id), isAdministrator(peer) || found.uid == Int(peer.uid)
        else { throw Self.noRequest(id) }
        return found
    }

    /// How many of a list are asked for.
    static func limit(_ asked: Int?) throws(SgloradError) -> Int {
        let limit = asked ?? 100
        guard (1...1000).contains(limit) else {
            throw .invalidRequest(field: "limit", reason: "is \(limit); it must be 1 to 1000")
        }
        return limit
    }

    static func noRequest(_ id: String) -> SgloradError {
        .notFound(
            "request", id,
            remedy: "'sglorad-ctl queue list' shows those there are; final ones are forgotten after a time.")
    }

    /// A request as a peer may see it: whose it is, is said to administrators alone.
    func wire(_ request: QueuedRequest, for peer: Peer) throws(SgloradError) -> Wire.Request {
        var wire = try Wire.Request(request)
        if isAdministrator(peer) { wire.uid = request.uid }
        return wire
    }
}

extension Wire.Request {
    init(_ request: QueuedRequest) throws(SgloradError) {
        self.init(
            requestId: request.id, state: request.state.rawValue, stage: request.stage?.rawValue,
            calledOff: request.isCalledOff ? true : nil, base: request.base, label: request.label,
            submittedAt: WireJSON.time(request.submittedAt),
            finishedAt: request.finishedAt.map(WireJSON.time),
            attempts: request.attempts > 0 ? request.attempts : nil, adapterId: request.adapter,
            failure: try request.failure.map { text throws(SgloradError) in
                try WireJSON.decode(SgloradError.self, text).message
            })
    }
}
