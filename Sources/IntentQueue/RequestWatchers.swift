internal import ErrorModel
internal import Foundation

/// The streams of those who watch requests.
///
/// Invariants:
/// - The watch of one request ends with its final state, and always delivers it: of a reader that falls behind only the
///   newest changes are kept.
/// - A feed of all requests (``ChangeFeed``) delivers the newest state of each, or ends: it is never silently incomplete.
/// - Once ``end()`` has been called there are no watches, and no new ones begin.
struct RequestWatchers: Sendable {
    /// The name of one watch.
    struct Watch: Sendable, Hashable {
        /// The watched request.
        let request: String
        private let key = UUID()
    }

    private typealias Streams = [Watch: AsyncStream<QueuedRequest>.Continuation]

    private var streams: [String: Streams] = [:]
    private var feeds: [ObjectIdentifier: ChangeFeed] = [:]
    /// Whether the daemon is stopping, so that nobody should wait any more.
    private(set) var hasEnded = false
    /// Why the ends of requests cannot be recorded at present; nil while they can.
    private(set) var interruption: SgloradError?

    /// Begins to watch a request.
    ///
    /// - Parameters:
    ///   - request: its identifier.
    ///   - ended: called when the stream ends for whatever reason; must lead to the watch's removal.
    /// - Returns: the stream and its name; no name, and a stream that has ended, after ``end()``.
    mutating func begin(
        _ request: String, ended: @escaping @Sendable (Watch) -> Void
    ) -> (stream: AsyncStream<QueuedRequest>, watch: Watch?) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: QueuedRequest.self, bufferingPolicy: .bufferingNewest(16))
        guard !hasEnded else {
            continuation.finish()
            return (stream, nil)
        }
        let watch = Watch(request: request)
        continuation.onTermination = { _ in ended(watch) }
        streams[request, default: [:]][watch] = continuation
        return (stream, watch)
    }

    /// Begins to send a feed every change; ends it at once after `end()`.
    mutating func add(_ feed: ChangeFeed) {
        guard !hasEnded else { return feed.end() }
        feeds[ObjectIdentifier(feed)] = feed
    }

    /// Forgets a feed.
    mutating func remove(_ feed: ChangeFeed) { feeds[ObjectIdentifier(feed)] = nil }

    /// Sends one watch the present state of its request; ends it if that is final, or if there is no request.
    mutating func tell(_ watch: Watch, _ present: QueuedRequest?) {
        guard let stream = streams[watch.request]?[watch] else { return }
        if let present { stream.yield(present) }
        if present?.state.isFinal != false {
            stream.finish()
            remove(watch)
        }
    }

    /// Sends a changed request to its watchers.
    mutating func announce(_ request: QueuedRequest) {
        if !feeds.isEmpty {
            let change = ChangeFeed.Change(request)
            for feed in feeds.values { feed.announce(change) }
        }
        guard let concerned = streams[request.id]?.values else { return }
        for stream in concerned {
            stream.yield(request)
            if request.state.isFinal { stream.finish() }
        }
        if request.state.isFinal { streams[request.id] = nil }
    }

    /// Forgets a watch whose stream has ended.
    mutating func remove(_ watch: Watch) {
        streams[watch.request]?[watch] = nil
        if streams[watch.request]?.isEmpty == true { streams[watch.request] = nil }
    }

    /// Ends every watch, for good.
    mutating func end() {
        interruption = nil
        hasEnded = true
        finishAll()
    }

    /// Ends every watch for now, because the disk or the database refuses to record how requests end.
    mutating func interrupt(_ error: SgloradError) {
        interruption = error
        finishAll()
    }

    /// The database takes writes again.
    mutating func resume() { interruption = nil }

    private mutating func finishAll() {
        for stream in streams.values.flatMap(\.values) { stream.finish() }
        for feed in feeds.values { feed.end() }
        (streams, feeds) = ([:], [:])
    }
}
