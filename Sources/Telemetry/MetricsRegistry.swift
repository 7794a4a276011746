public import CoreMetrics
internal import Synchronization

/// A backend of swift-metrics that keeps all values in memory and prints them in Prometheus' text format.
///
/// Metrics with the same label and the same set of dimensions share one series. A series lives as long as the
/// registry.
public final class MetricsRegistry: Sendable {
    /// One set of dimensions of a family, with its value.
    struct Series: Sendable {
        let dimensions: [Dimension]
        let value: any Renderable
    }

    /// All series of a label, which share a metric type.
    struct Family: Sendable {
        let type: String
        var series: [Series] = []
    }

    struct Dimension: Sendable, Hashable {
        let name: String
        let value: String
    }

    private struct State {
        var families: [String: Family] = [:]
        var descriptions: [String: String] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let buckets: [Double]

    /// Creates an empty registry.
    ///
    /// - Parameter buckets: the upper bounds of all histograms, ascending; in seconds for durations.
    public init(
        buckets: [Double] = [
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
        ]
    ) {
        self.buckets = buckets
    }

    /// Sets the description of a label, for the `# HELP` line.
    public func describe(_ label: String, _ help: String) {
        state.withLock { $0.descriptions[Exposition.name(label)] = help }
    }

    /// Adds a function that runs before each reading of ``text``: it brings metrics up to date whose values are kept elsewhere.
    public func beforeReading(_ collect: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(collect) }
    }

    /// All metrics in Prometheus' text exposition format 0.0.4, with families and series sorted.
    public var text: String {
        for collect in state.withLock({ $0.collectors }) { collect() }
        let (families, descriptions) = state.withLock { ($0.families, $0.descriptions) }
        var lines: [String] = []
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            if let help = descriptions[name] { lines.append("# HELP \(name) \(Exposition.help(help))") }
            lines.append("# TYPE \(name) \(family.type)")
            let series = family.series.map { (Exposition.labels($0.dimensions), $0) }
            for (_, series) in series.sorted(by: { $0.0 < $1.0 }) {
                lines += series.value.lines(name, series.dimensions)
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// The series of a label and dimensions.
    ///
    /// If the label is already used with another metric type, the result is a detached value that is not
    /// printed.
    private func series<Value: Renderable>(
        _ label: String, _ dimensions: [(String, String)], _ make: () -> Value
    ) -> Value {
        let dimensions = dimensions.map { Dimension(name: Exposition.name($0.0), value: $0.1) }
            .sorted { $0.name < $1.name }
        return state.withLock { state in
            let name = Exposition.name(label)
            if let known = state.families[name]?.series.first(where: { $0.dimensions == dimensions }) {
                // The format allows one type per name: a value of another type is counted but not printed.
                return known.value as? Value ?? make()
            }
            let made = make()
            guard state.families[name]?.type ?? Value.type == Value.type else { return made }
            state.families[name, default: Family(type: Value.type)].series.append(
                Series(dimensions: dimensions, value: made))
            return made
        }
    }
}

extension MetricsRegistry: MetricsFactory {
    /// Returns the counter of a label and dimensions.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions) { Count() }
    }

    /// Returns the counter of a label and dimensions, for fractional increments.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions) { Count() }
    }

    /// Returns the gauge of a label and dimensions.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions) { Level() }
    }

    /// Returns a histogram, or if `aggregate` is false a gauge of the last value.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate
            ? series(label, dimensions) { Histogram(bounds: buckets) } : series(label, dimensions) { Level() }
    }

    /// Returns a histogram of durations in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions) { Histogram(bounds: buckets) }
    }

    /// Does nothing, as series live as long as the registry.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Does nothing, as series live as long as the registry.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Does nothing, as series live as long as the registry.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Does nothing, as series live as long as the registry.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Does nothing, as series live as long as the registry.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
