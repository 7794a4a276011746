internal import SgloradInterface
internal import Synchronization
internal import Varlink

/// One wait for an adapter, over cancellations and restarts of the daemon.
///
/// The wait runs in a task of its own. The cancellation of the caller's task first reaches the daemon, which needs a
/// connection that is still open where the request's identifier is not known yet, and ends the wait afterwards.
final class RequestWait: Sendable {
    private struct State {
        var requestID: String?
        var isCancelled = false
        var work: Task<SgloradClient.Adapter, any Error>?
        var farewell: Task<Void, Never>?
    }

    /// How long a cancellation waits for the daemon.
    private static let farewellTime = Duration.seconds(5)

    private let client: SgloradClient
    private let parameters: Methods.Request.Parameters
    private let progress: (@Sendable (SgloradClient.Request) -> Void)?
    private let deadline: ContinuousClock.Instant?
    private let state = Mutex(State())

    init(
        _ client: SgloradClient, _ intent: SgloradClient.Intent, key: String?,
        progress: (@Sendable (SgloradClient.Request) -> Void)?
    ) {
        self.client = client
        parameters = .init(intent: intent.wire, idempotencyKey: key)
        self.progress = progress
        deadline = client.timeout.map { .now + $0 }
    }

    /// Waits for the adapter.
    ///
    /// - Throws: `SgloradClient.Failure`, `CancellationError`.
    func run() async throws -> SgloradClient.Adapter {
        try Task.checkCancellation()
        return try await withTaskCancellationHandler {
            let work = Task { try await self.follow() }
            let isLate = state.withLock { state in
                state.work = work
                return state.isCancelled
            }
            if isLate { work.cancel() }
            let result = await work.result
            let farewell = state.withLock { $0.farewell }
            if Task.isCancelled {
                await farewell?.value
                throw CancellationError()
            }
            do {
                return try result.get()
            } catch let failure as SgloradClient.Failure {
                throw failure.naming(requestID)
            }
        } onCancel: {
            cancel()
        }
    }

    private var requestID: String? { state.withLock { $0.requestID } }

    /// Takes the cancellation of the caller's task to the daemon, and then ends the wait.
    private func cancel() {
        state.withLock { state in
            state.isCancelled = true
            guard state.work != nil else { return }
            state.farewell = Task {
                if let id = self.requestID {
                    await self.cancelAtDaemon(id)
                } else {
                    // The wait itself cancels the request as soon as it knows the identifier.
                    await self.workEnds(within: Self.farewellTime)
                }
                self.state.withLock { $0.work }?.cancel()
            }
        }
    }

    private func cancelAtDaemon(_ id: String) async {
        let brief = SgloradClient(socket: client.socket, timeout: Self.farewellTime)
        // Where the daemon cannot be reached, the request goes on, as documented.
        _ = try? await brief.cancel(id)
    }

    private func workEnds(within limit: Duration) async {
        await withTaskGroup { group in
            group.addTask { _ = await self.state.withLock { $0.work }?.result }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            // The result of a task cannot be waited for in part: ending the work ends the wait for it.
            self.state.withLock { $0.work }?.cancel()
            group.cancelAll()
        }
    }
}

/// Asking, and asking again.
extension RequestWait {
    /// Asks the daemon until the request has ended.
    private func follow() async throws -> SgloradClient.Adapter {
        var pause = Duration.milliseconds(20)
        var limit: ContinuousClock.Instant?
        while true {
            do {
                return try await ask { limit = nil }
            } catch let failure as SgloradClient.Failure {
                guard try await isCut(failure, since: limit) else { throw failure }
                guard parameters.idempotencyKey != nil else { throw Self.interruption(of: failure) }
                let end = limit ?? .now + client.patience
                limit = end
                guard .now < end, deadline.map({ .now < $0 }) ?? true else { throw failure }
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
            }
        }
    }

    /// Asks once, and reads the replies up to the last.
    ///
    /// - Parameter heard: called for each reply.
    private func ask(_ heard: () -> Void) async throws -> SgloradClient.Adapter {
        let left = deadline.map { max($0 - .now, .milliseconds(1)) }
        return try await client.connected(within: left) { connection in
            for try await reply in connection.stream(Methods.Request.self, self.parameters) {
                heard()
                let request = try SgloradClient.Request(reply.request)
                let isCancelled = self.state.withLock { state in
                    let isNew = state.requestID == nil
                    state.requestID = request.id
                    return isNew && state.isCancelled
                }
                if isCancelled {
                    await self.cancelAtDaemon(request.id)
                    throw CancellationError()
                }
                self.progress?(request)
                if let adapter = reply.adapter { return try SgloradClient.Adapter(adapter) }
            }
            throw SgloradClient.Failure.unexpected
        }
    }

    /// Whether a failure means that the daemon ended, and not the request.
    ///
    /// A daemon that stops tells those who wait that they are cancelled; only the request's record says which of the two is.
    ///
    /// - Parameter limit: not nil while the daemon is being looked for.
    private func isCut(
        _ failure: SgloradClient.Failure, since limit: ContinuousClock.Instant?
    ) async throws -> Bool {
        switch failure {
        case .interrupted: return true
        case .unreachable: return limit != nil
        case .cancelled:
            guard let id = requestID else { return true }
            let brief = SgloradClient(socket: client.socket, timeout: Self.farewellTime)
            do {
                return try await brief.request(withID: id).state != .cancelled
            } catch let failure as SgloradClient.Failure {
                return failure.isTransient
            }
        default: return false
        }
    }

    /// The failure that a caller without a key gets when the daemon ended.
    private static func interruption(of failure: SgloradClient.Failure) -> SgloradClient.Failure {
        guard case .cancelled(let report) = failure else { return failure }
        return .interrupted(report)
    }
}
