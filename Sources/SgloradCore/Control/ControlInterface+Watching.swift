internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache
internal import IntentQueue

extension ControlInterface {
    /// How often the health is looked at for changes.
    private static let pause = Duration.seconds(1)

    func monitor(
        _ parameters: Methods.Monitor.Parameters, _ call: VarlinkCall, _ replies: VarlinkReplies
    ) async throws {
        guard call.more else { throw VarlinkError.expectedMore }
        // Watched before it is looked at, so that no change falls between.
        let changes = await queue.changesOfAll()
        let first = try await presentHealth()
        try await replies.send(Methods.Monitor.Reply(health: first))
        let (news, desk) = AsyncThrowingStream.makeStream(
            of: Methods.Monitor.Reply.self, bufferingPolicy: .bufferingOldest(4096))
        let reporters = Task {
            await withTaskGroup { group in
                group.addTask { await report(changes, for: call.peer, to: desk) }
                group.addTask { await reportHealth(since: first, to: desk) }
                await group.next()
                group.cancelAll()
            }
            desk.finish()
        }
        defer { reporters.cancel() }
        for try await reply in news { try await replies.send(reply) }
        try Task.checkCancellation()
        guard await !queue.hasEndedWatches else { throw SgloradError.cancelled("the daemon is stopping") }
        throw SgloradError(
            .busy, "Things change faster than the replies are read. Call Monitor again.",
            parameters: ["retryAfter": .double(1), "reason": .string("replies are not read")])
    }

    /// What one monitor's reporters write to; it ends where a reply would have to be dropped.
    private typealias Desk = AsyncThrowingStream<Methods.Monitor.Reply, any Error>.Continuation

    private func report(_ changes: AsyncStream<QueuedRequest>, for peer: Peer, to desk: Desk) async {
        for await change in changes where isAdministrator(peer) || change.uid == Int(peer.uid) {
            do {
                let reply = Methods.Monitor.Reply(request: try wire(change, for: peer))
                guard case .enqueued = desk.yield(reply) else { return }
            } catch {
                desk.finish(throwing: error)
                return
            }
        }
    }

    private func reportHealth(since first: Wire.Health, to desk: Desk) async {
        var last = first
        while (try? await Task.sleep(for: Self.pause)) != nil {
            do {
                // However many watch, there are two looks a second.
                let now = try await presentHealth(noOlderThan: Self.pause / 2)
                guard now != last else { continue }
                last = now
                guard case .enqueued = desk.yield(Methods.Monitor.Reply(health: now)) else { return }
            } catch {
                desk.finish(throwing: error)
                return
            }
        }
    }

    /// What Status says of how the daemon is.
    ///
    /// - Parameter age: how long ago it may have been looked at.
    private func presentHealth(noOlderThan age: Duration = .zero) async throws -> Wire.Health {
        let view = try await health.view(noOlderThan: age)
        let training = await trainings.bases
        return Wire.Health(
            state: view.conditions.isEmpty ? "ok" : "degraded", conditions: view.conditions,
            queue: Wire.QueueCounts(view.counts),
            training: training.isEmpty ? nil : training.joined(separator: ", "))
    }

    func metricsText(
        _ parameters: Methods.Metrics.Parameters, _ call: VarlinkCall
    ) async throws -> Methods.Metrics.Reply {
        let view = try await health.view()
        return Methods.Metrics.Reply(
            text: metrics.text(
                cache: try await cache.statistics(), queue: view.counts, conditions: view.conditions.count))
    }
}

extension Wire.QueueCounts {
    init(_ counts: [RequestState: Int]) {
        self.init(
            queued: counts[.queued] ?? 0, running: counts[.running] ?? 0, done: counts[.done] ?? 0,
            refused: counts[.refused] ?? 0, failed: counts[.failed] ?? 0, cancelled: counts[.cancelled] ?? 0)
    }
}
