internal import Adaptation
internal import ErrorModel
internal import Executors
internal import Files
internal import IntentQueue
internal import SgloradInterface
internal import Varlink

/// The method that streams changes of requests and health.
extension ControlHandler {
    /// The interval at which the health is examined for changes.
    private static let interval = Duration.seconds(1)
    /// The number of unsent changes after which a monitor is ended.
    private static let backlog = 4096

    func monitor(_ stream: Methods.Monitor.Stream) async throws {
        // Subscribe before the first examination, so that no change in between is missed.
        let changes = await domain.queue.changesOfAll()
        let first = await health(try await domain.health.view())
        try await stream.send(.init(health: first))
        let (news, continuation) = AsyncThrowingStream.makeStream(
            of: Methods.Monitor.Reply.self, bufferingPolicy: .bufferingOldest(Self.backlog))
        let reporters = Task {
            await withTaskGroup { group in
                group.addTask { await report(changes, for: stream.call, to: continuation) }
                group.addTask { await reportHealth(since: first, to: continuation) }
                await group.next()
                group.cancelAll()
            }
            continuation.finish()
        }
        defer { reporters.cancel() }
        for try await reply in news { try await stream.send(reply) }
        try Task.checkCancellation()
        guard await !domain.queue.hasEndedWatches else {
            throw SgloradError.cancelled("the daemon is stopping")
        }
        throw SgloradError(
            .busy, "Changes come faster than the replies are read. Call Monitor again.",
            parameters: ["retryAfter": .double(1), "reason": .string("replies are not read")])
    }

    /// The buffer of one monitor's replies; the monitor ends when a reply would have to be dropped.
    private typealias Reports = AsyncThrowingStream<Methods.Monitor.Reply, any Error>.Continuation

    private func report(
        _ changes: AsyncStream<QueuedRequest>, for call: Methods.Monitor.Call, to reports: Reports
    ) async {
        for await change in changes {
            // Asked for each change: a reload may have changed what the peer may see.
            let caller = caller(call)
            guard caller.sees(change.uid) else { continue }
            let request = Wire.QueuedRequest(change, for: caller)
            guard case .enqueued = reports.yield(.init(request: request)) else { return }
        }
    }

    private func reportHealth(since first: Wire.Health, to reports: Reports) async {
        var last = first
        while (try? await Task.sleep(for: Self.interval)) != nil {
            do {
                // All monitors together cause at most two examinations a second.
                let now = await health(try await domain.health.view(noOlderThan: Self.interval / 2))
                guard now != last else { continue }
                last = now
                guard case .enqueued = reports.yield(.init(health: now)) else { return }
            } catch {
                reports.finish(throwing: error)
                return
            }
        }
    }
}
