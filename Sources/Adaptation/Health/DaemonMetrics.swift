internal import CoreMetrics
internal import ErrorModel
package import ExpertLibrary
internal import Files
internal import Foundation
package import IntentQueue
internal import Metrics
internal import Storage
package import Telemetry

/// The daemon's metrics: counters that it maintains, and gauges that are read at each scrape.
package final class DaemonMetrics: Sendable {
    /// The registry of all metrics; `SocketMetrics` adds the socket's counters.
    package let registry = MetricsRegistry()

    package init() {
        for (label, help) in Self.descriptions { registry.describe(label, help) }
        Gauges(registry).describeBuild()
        gauge("process_start_time_seconds").set(Date.now.timeIntervalSince1970)
        // Create the series at zero from the start, so that rates over them are correct.
        for state in RequestState.allCases where state.isFinal { ended(state, took: nil) }
        evicted([])
    }

    /// Counts a finished request.
    ///
    /// - Parameters:
    ///   - state: the final state.
    ///   - duration: the time from lease to end; nil only creates the series.
    package func ended(_ state: RequestState, took duration: Duration?) {
        counter("sglorad_requests_total", ("state", state.rawValue)).increment(by: duration == nil ? 0 : 1)
        if let duration {
            Timer(label: "sglorad_answer_seconds", factory: registry).record(duration: duration)
        }
    }

    /// Records how long a request spent in a stage.
    package func stage(_ stage: RequestStage, took duration: Duration) {
        Timer(
            label: "sglorad_stage_seconds", dimensions: [("stage", stage.rawValue)], factory: registry
        ).record(duration: duration)
    }

    /// Counts evicted adapters.
    package func evicted(_ adapters: [AdapterFootprint]) {
        counter("sglorad_evicted_adapters_total").increment(by: adapters.count)
        counter("sglorad_evicted_bytes_total").increment(by: adapters.reduce(0) { $0 + $1.bytes })
    }

    /// All metrics in the Prometheus text format, after updating the gauges.
    package func text(
        cache: LibraryStatistics, queue: [RequestState: Int], conditions: Int, workers: WorkerBoard
    ) -> String {
        let gauges = Gauges(registry)
        gauges.set(cache: cache, queue: queue, conditions: conditions)
        let busy = workers.busy
        gauges.set("sglorad_workers", ("state", "busy"), to: busy)
        gauges.set("sglorad_workers", ("state", "idle"), to: workers.count - busy)
        gauges.set("sglorad_cache_bytes", ("kind", "database"), to: cache.databaseBytes)
        if let bytes = Self.residentBytes { gauge("process_resident_memory_bytes").set(Int64(bytes)) }
        return registry.text
    }

    /// What a user may know, in the Prometheus text format: the library, and what is the user's own.
    ///
    /// Counters of the whole daemon, its memory and its connections would show what others do.
    package static func ownText(
        cache: LibraryStatistics, queue: [RequestState: Int], conditions: Int
    ) -> String {
        let registry = MetricsRegistry()
        for (label, help) in descriptions { registry.describe(label, help) }
        let gauges = Gauges(registry)
        gauges.describeBuild()
        gauges.set(cache: cache, queue: queue, conditions: conditions)
        return registry.text
    }

    private func counter(_ label: String, _ dimensions: (String, String)...) -> Counter {
        Counter(label: label, dimensions: dimensions, factory: registry)
    }

    private func gauge(_ label: String, of dimensions: [(String, String)] = []) -> Meter {
        Meter(label: label, dimensions: dimensions, factory: registry)
    }

    /// The resident set size in bytes; nil if /proc is unavailable.
    private static var residentBytes: Int? {
        let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        return text?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map {
            $0 * sysconf(Int32(_SC_PAGESIZE))
        }
    }

    private static let descriptions = [
        ("sglorad_build_info", "Versions of the daemon and SQLite, and the processor kernels, as labels."),
        ("process_start_time_seconds", "Start time of the process, in seconds since the Unix epoch."),
        ("process_resident_memory_bytes", "Resident memory, including mapped files, in bytes."),
        ("sglorad_requests_total", "Requests finished by a worker, by final state."),
        ("sglorad_answer_seconds", "Time from when a worker took a request until it ended."),
        ("sglorad_stage_seconds", "Time that requests spent in each stage."),
        ("sglorad_queue_requests", "Requests in the queue, by state; final ones until their retention ends."),
        ("sglorad_workers", "Workers, by whether they work on a request."),
        ("sglorad_conditions", "Open health conditions; 'sglorad-ctl status' lists them."),
        ("sglorad_base_models", "Base models in the library."),
        ("sglorad_cache_items", "Items in the cache, by kind."),
        ("sglorad_cache_bytes", "Bytes in the cache, by kind."),
        ("sglorad_evicted_adapters_total", "Evicted adapters."),
        ("sglorad_evicted_bytes_total", "Bytes of evicted adapters."),
    ]
}

/// The gauges that are read at each scrape.
private struct Gauges {
    private let registry: MetricsRegistry

    init(_ registry: MetricsRegistry) { self.registry = registry }

    func describeBuild() {
        let build = [
            ("version", SgloradRelease.version), ("kernel", ProcessorKernels.name()),
            ("sqlite", DurableDatabase.sqliteVersion),
        ]
        Meter(label: "sglorad_build_info", dimensions: build, factory: registry).set(1)
    }

    func set(cache: LibraryStatistics, queue: [RequestState: Int], conditions: Int) {
        for state in RequestState.allCases {
            set("sglorad_queue_requests", ("state", state.rawValue), to: queue[state] ?? 0)
        }
        set("sglorad_conditions", to: conditions)
        set("sglorad_base_models", to: cache.bases)
        for (kind, usage) in [
            ("experts", cache.experts), ("generators", cache.generators), ("adapters", cache.adapters),
        ] {
            set("sglorad_cache_items", ("kind", kind), to: usage.count)
            set("sglorad_cache_bytes", ("kind", kind), to: usage.bytes)
        }
    }

    func set(_ label: String, _ dimensions: (String, String)..., to value: Int) {
        Meter(label: label, dimensions: dimensions, factory: registry).set(Int64(value))
    }
}

/// Measures the stages of one request; each stage ends when the next begins.
struct StageStopwatch {
    private let metrics: DaemonMetrics
    private var current: (stage: RequestStage, since: ContinuousClock.Instant)?

    init(_ metrics: DaemonMetrics) { self.metrics = metrics }

    /// Ends the running stage and begins another.
    mutating func begin(_ stage: RequestStage) {
        end()
        current = (stage, .now)
    }

    /// Ends the running stage, if any.
    mutating func end() {
        if let current { metrics.stage(current.stage, took: .now - current.since) }
        current = nil
    }
}
