internal import ControlProtocol
internal import CoreMetrics
internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue
internal import LinearAlgebra
internal import Metrics
internal import Synchronization
internal import Telemetry

/// What the daemon counts, and what it looks up when somebody asks for the numbers.
final class DaemonMetrics: Sendable {
    private let registry = MetricsRegistry()
    private let connections = Mutex<(@Sendable () -> ServerCounters)?>(nil)
    private let counted = Mutex(ServerCounters())

    init() {
        for (label, help) in Self.descriptions { registry.describe(label, help) }
        gauge(
            "sglorad_build_info",
            of: [
                ("version", SgloradRelease.version), ("kernel", BLAS.kernel),
                ("sqlite", DurableDatabase.sqliteVersion),
            ]
        ).set(1)
        gauge("process_start_time_seconds").set(Date.now.timeIntervalSince1970)
        // Series that are zero are there from the start, so that a rate over them is right.
        for state in RequestState.allCases where state.isFinal { ended(state, took: nil) }
        evicted([])
    }

    /// Says where the socket's counters are.
    func observe(_ counters: @escaping @Sendable () -> ServerCounters) {
        connections.withLock { $0 = counters }
    }

    /// Counts a request's end; nil for one that nobody was at.
    func ended(_ state: RequestState, took duration: Duration?) {
        counter("sglorad_requests_total", ("state", state.rawValue)).increment(by: duration == nil ? 0 : 1)
        if let duration {
            Timer(label: "sglorad_answer_seconds", factory: registry).record(duration: duration)
        }
    }

    /// Counts how long a request was at a stage.
    func stage(_ stage: RequestStage, took duration: Duration) {
        Timer(
            label: "sglorad_stage_seconds", dimensions: [("stage", stage.rawValue)], factory: registry
        ).record(duration: duration)
    }

    /// Counts adapters that were evicted.
    func evicted(_ adapters: [AdapterFootprint]) {
        counter("sglorad_evicted_adapters_total").increment(by: adapters.count)
        counter("sglorad_evicted_bytes_total").increment(by: adapters.reduce(0) { $0 + $1.bytes })
    }

    /// Everything as Prometheus reads it, after the numbers of the moment have been looked up.
    func text(
        cache: CacheStatistics, queue: [RequestState: Int], conditions: Int
    ) -> String {
        for state in RequestState.allCases {
            gauge("sglorad_queue_requests", of: [("state", state.rawValue)]).set(Int64(queue[state] ?? 0))
        }
        gauge("sglorad_conditions").set(Int64(conditions))
        gauge("sglorad_base_models").set(Int64(cache.bases))
        for (kind, usage) in [
            ("experts", cache.experts), ("generators", cache.generators), ("adapters", cache.adapters),
        ] {
            gauge("sglorad_cache_items", of: [("kind", kind)]).set(Int64(usage.count))
            gauge("sglorad_cache_bytes", of: [("kind", kind)]).set(Int64(usage.bytes))
        }
        gauge("sglorad_cache_bytes", of: [("kind", "database")]).set(Int64(cache.databaseBytes))
        if let bytes = Self.residentBytes { gauge("process_resident_memory_bytes").set(Int64(bytes)) }
        countConnections()
        return registry.text
    }

    private func countConnections() {
        guard let now = connections.withLock({ $0 })?() else { return }
        gauge("sglorad_connections").set(Int64(now.openConnections))
        gauge("sglorad_calls_in_flight").set(Int64(now.callsInFlight))
        let before = counted.withLock { counted in
            defer { counted = now }
            return counted
        }
        func add(_ name: String, _ reason: String?, _ path: KeyPath<ServerCounters, Int>) {
            let dimensions = reason.map { [("reason", $0)] } ?? []
            Counter(label: name, dimensions: dimensions, factory: registry)
                .increment(by: max(0, now[keyPath: path] - before[keyPath: path]))
        }
        add("sglorad_connections_accepted_total", nil, \.acceptedConnections)
        add("sglorad_connections_refused_total", nil, \.refusedConnections)
        add("sglorad_calls_total", nil, \.calls)
        add("sglorad_calls_failed_total", "busy", \.refusedCalls)
        add("sglorad_calls_failed_total", "denied", \.deniedCalls)
        add("sglorad_calls_failed_total", "error", \.failedCalls)
        add("sglorad_connections_cut_total", "malformed", \.malformedMessages)
        add("sglorad_connections_cut_total", "oversized", \.oversizedMessages)
        add("sglorad_connections_cut_total", "half-message", \.idleMessages)
        add("sglorad_connections_cut_total", "memory", \.crowdedMessages)
        add("sglorad_calls_failed_total", "memory", \.crowdedReplies)
        add("sglorad_connections_cut_total", "unread-reply", \.unreadReplies)
    }

    private func counter(_ label: String, _ dimensions: (String, String)...) -> Counter {
        Counter(label: label, dimensions: dimensions, factory: registry)
    }

    private func gauge(_ label: String, of dimensions: [(String, String)] = []) -> Meter {
        Meter(label: label, dimensions: dimensions, factory: registry)
    }

    /// The pages that the process has in memory, in bytes.
    private static var residentBytes: Int? {
        let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return text?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map {
            $0 * sysconf(Int32(_SC_PAGESIZE))
        }
    }

    private static let descriptions = [
        ("sglorad_build_info", "The version, the linear algebra's kernel and SQLite, as labels."),
        ("process_start_time_seconds", "When the daemon was started, in seconds since 1970."),
        ("process_resident_memory_bytes", "The memory that the daemon has, its mapped files included."),
        ("sglorad_requests_total", "Requests that a worker brought to their end, by how they ended."),
        ("sglorad_answer_seconds", "From when a worker took a request to its end."),
        ("sglorad_stage_seconds", "How long requests were at each stage."),
        ("sglorad_queue_requests", "Requests in the queue, by state; final ones until they are forgotten."),
        ("sglorad_conditions", "How many things are not as they should be; 'sglorad-ctl status' names them."),
        ("sglorad_base_models", "Base models."),
        ("sglorad_cache_items", "What the cache holds, by kind."),
        ("sglorad_cache_bytes", "The bytes of what the cache holds, by kind."),
        ("sglorad_evicted_adapters_total", "Adapters that were evicted."),
        ("sglorad_evicted_bytes_total", "The bytes of adapters that were evicted."),
        ("sglorad_connections", "Connections that are open."),
        ("sglorad_connections_accepted_total", "Connections that were let in."),
        ("sglorad_connections_refused_total", "Connections closed at once because too many were open."),
        ("sglorad_connections_cut_total", "Connections closed for what came over them, by reason."),
        ("sglorad_calls_in_flight", "Calls that are being answered."),
        ("sglorad_calls_total", "Calls that were begun."),
        ("sglorad_calls_failed_total", "Calls that ended with an error, by reason."),
    ]
}
