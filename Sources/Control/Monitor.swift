internal import Adaptation
internal import ErrorModel
internal import Executors
internal import Files
internal import IntentQueue
internal import SgloradInterface
internal import Synchronization
internal import Varlink

/// The method that streams changes of requests and health.
extension ControlHandler {
    /// The interval at which the health is examined for changes.
    private static let interval = Duration.seconds(1)

    func monitor(_ stream: Methods.Monitor.Stream) async throws {
        let call = stream.call
        // Asked for each change: a reload may have changed what the peer may see.
        let isWanted = { @Sendable [access] (owner: UserID) in access.caller(call.peer).sees(owner) }
        // The feed is there before the first examination, so that no change in between is missed.
        try await domain.queue.watching(isWanted) { feed in
            let first = await health(try await domain.health.view(), for: caller(call))
            try await stream.send(.init(health: first))
            let news = HealthNews(feed.bell)
            let reporter = Task { await reportHealth(to: call, since: first, news) }
            defer { reporter.cancel() }
            try await forward(feed, news, to: stream)
        }
        try Task.checkCancellation()
        guard await !domain.queue.hasEndedWatches else {
            throw SgloradError.cancelled("the daemon is stopping")
        }
        throw SgloradError(
            .busy, "Too many requests have changed that you have not read about. Call Monitor again.",
            parameters: ["retryAfter": .double(1), "reason": .string("replies are not read")])
    }

    /// Sends what there is whenever the bell rings, until the feed has ended.
    private func forward(
        _ feed: ChangeFeed, _ news: HealthNews, to stream: Methods.Monitor.Stream
    ) async throws {
        for await _ in feed.bell.rings {
            // Asked before the last changes are taken.
            let isLast = feed.hasEnded
            while let change = feed.take() {
                try await stream.send(.init(request: Wire.QueuedRequest(change, for: caller(stream.call))))
            }
            if let health = try news.take() { try await stream.send(.init(health: health)) }
            if isLast { return }
        }
    }

    private func reportHealth(
        to call: Methods.Monitor.Call, since first: Wire.Health, _ news: HealthNews
    ) async {
        var last = first
        while (try? await Task.sleep(for: Self.interval)) != nil {
            do {
                // All monitors together cause at most two examinations a second.
                let view = try await domain.health.view(noOlderThan: Self.interval / 2)
                let now = await health(view, for: caller(call))
                guard now != last else { continue }
                last = now
                news.put(.success(now))
            } catch {
                return news.put(.failure(error))
            }
        }
    }
}

/// The newest health that a monitor has not sent yet, or why there is none.
private final class HealthNews: Sendable {
    private let newest = Mutex<Result<Wire.Health, any Error>?>(nil)
    private let bell: Bell

    init(_ bell: Bell) { self.bell = bell }

    func put(_ health: Result<Wire.Health, any Error>) {
        newest.withLock { $0 = health }
        bell.ring()
    }

    func take() throws -> Wire.Health? {
        try newest.withLock { newest in
            defer { newest = nil }
            return newest
        }?.get()
    }
}
