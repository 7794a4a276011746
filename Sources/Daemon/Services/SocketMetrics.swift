internal import CoreMetrics
internal import Metrics
internal import Synchronization
internal import Telemetry
internal import Varlink

/// The socket's counters as metrics.
///
/// The server keeps its own counters; their increments are added to the registry before each scrape.
struct SocketMetrics: Sendable {
    private let registry: MetricsRegistry

    init(_ registry: MetricsRegistry) {
        self.registry = registry
        for (label, help) in Self.descriptions { registry.describe(label, help) }
    }

    /// Updates the registry from the server's counters before each scrape.
    func observe(_ counters: @escaping @Sendable () -> ServerCounters) {
        let reported = Mutex(ServerCounters())
        registry.beforeReading { [self] in
            let now = counters()
            let before = reported.withLock { reported in
                defer { reported = now }
                return reported
            }
            record(now, since: before)
        }
    }

    private func record(_ now: ServerCounters, since before: ServerCounters) {
        Meter(label: "sglorad_connections", factory: registry).set(Int64(now.openConnections))
        Meter(label: "sglorad_calls_in_flight", factory: registry).set(Int64(now.callsInFlight))
        for (name, reason, path) in Self.counters {
            Counter(label: name, dimensions: reason.map { [("reason", $0)] } ?? [], factory: registry)
                .increment(by: max(0, now[keyPath: path] - before[keyPath: path]))
        }
    }

    private static let counters: [(String, String?, any KeyPath<ServerCounters, Int> & Sendable)] = [
        ("sglorad_connections_accepted_total", nil, \.acceptedConnections),
        ("sglorad_connections_refused_total", nil, \.refusedConnections),
        ("sglorad_calls_total", nil, \.calls),
        ("sglorad_calls_failed_total", "busy", \.refusedCalls),
        ("sglorad_calls_failed_total", "denied", \.deniedCalls),
        ("sglorad_calls_failed_total", "error", \.failedCalls),
        ("sglorad_connections_cut_total", "malformed", \.malformedMessages),
        ("sglorad_connections_cut_total", "oversized", \.oversizedMessages),
        ("sglorad_connections_cut_total", "half-message", \.idleMessages),
        ("sglorad_connections_cut_total", "memory", \.crowdedMessages),
        ("sglorad_calls_failed_total", "memory", \.crowdedReplies),
        ("sglorad_connections_cut_total", "unread-reply", \.unreadReplies),
    ]

    private static let descriptions = [
        ("sglorad_connections", "Open connections."),
        ("sglorad_connections_accepted_total", "Accepted connections."),
        ("sglorad_connections_refused_total", "Connections closed at once because too many were open."),
        ("sglorad_connections_cut_total", "Connections closed because the peer misbehaved, by reason."),
        ("sglorad_calls_in_flight", "Calls in progress."),
        ("sglorad_calls_total", "Calls started."),
        ("sglorad_calls_failed_total", "Calls that ended with an error, by reason."),
    ]
}
