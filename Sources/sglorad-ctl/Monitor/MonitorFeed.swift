internal import SgloradInterface
internal import Varlink

/// Follows a daemon for a monitor's screen, and connects again whenever it has gone.
struct MonitorFeed: Sendable {
    enum Event: Sendable {
        /// The daemon answers: its status, and the last requests.
        case connected(Methods.Status.Reply, [Wire.QueuedRequest])
        case changed(Methods.Monitor.Reply)
        case polled(MonitorBoard.Poll)
        /// The daemon cannot be reached; the feed tries again.
        case lost(Failure)
        /// The feed gives up.
        case failed(Failure)
    }

    /// The interval between two polls, and that between two attempts to connect.
    private static let (interval, again) = (Duration.seconds(2), Duration.milliseconds(500))
    /// How many adapters are shown at most.
    private static let adapters = 32

    let path: String
    let handle: @Sendable (Event) -> Void

    /// Follows until the task is cancelled, the first connection fails, or the caller may not use the daemon.
    func run() async {
        var hasConnected = false
        while !Task.isCancelled {
            do {
                let client = try await VarlinkClient.connect(path: path)
                defer { Task { await client.close() } }
                let status = try await client.call(Methods.Status.self, .init())
                let requests = try await client.call(
                    Methods.ListRequests.self, .init(limit: MonitorBoard.requestLimit)
                ).requests
                hasConnected = true
                handle(.connected(status, requests))
                try await follow(client)
            } catch {
                guard !Task.isCancelled else { return }
                let failure = Failure(error)
                guard hasConnected, failure.status != .notAllowed else { return handle(.failed(failure)) }
                handle(.lost(failure))
            }
            try? await Task.sleep(for: Self.again)
        }
    }

    /// Reports changes as they come, and figures from time to time, until the connection ends.
    private func follow(_ client: VarlinkClient) async throws {
        let other = try await VarlinkClient.connect(path: path)
        defer { Task { await other.close() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await reply in client.stream(Methods.Monitor.self, .init()) {
                    handle(.changed(reply))
                }
                throw Failure.incomplete("monitoring")
            }
            group.addTask {
                while true {
                    handle(.polled(try await poll(other)))
                    try await Task.sleep(for: Self.interval)
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func poll(_ client: VarlinkClient) async throws -> MonitorBoard.Poll {
        let cache = try await client.call(Methods.CacheStatistics.self, .init())
        let metrics = try await client.call(Methods.Metrics.self, .init())
        let adapters = try await client.call(Methods.ListAdapters.self, .init(limit: Self.adapters))
        return MonitorBoard.Poll(
            cache: cache, figures: MonitorFigures(prometheus: metrics.text), adapters: adapters.adapters)
    }
}
