public import CoreMetrics
internal import Synchronization

/// A backend of swift-metrics that keeps everything in memory and prints it in Prometheus' text form.
///
/// One label and one set of dimensions is one series, however often it is made; series live as long as the registry.
public final class MetricsRegistry: Sendable {
    /// One line of a family: the dimensions' values and what holds the number.
    struct Series: Sendable {
        let dimensions: [Dimension]
        let value: any Renderable
    }

    /// All series of a label.
    struct Family: Sendable {
        let type: String
        var series: [Series] = []
    }

    /// A dimension's name and value.
    struct Dimension: Sendable, Hashable {
        let name: String
        let value: String
    }

    private struct State {
        var families: [String: Family] = [:]
        var descriptions: [String: String] = [:]
    }

    private let state = Mutex(State())
    private let buckets: [Double]

    /// Makes an empty registry.
    ///
    /// - Parameter buckets: the upper bounds of histograms, ascending; durations are in seconds.
    public init(
        buckets: [Double] = [
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
        ]
    ) {
        self.buckets = buckets
    }

    /// Says what a label counts, for people who read the text.
    public func describe(_ label: String, _ help: String) {
        state.withLock { $0.descriptions[Self.name(label)] = help }
    }

    /// Everything, in Prometheus' text exposition format 0.0.4, families and series sorted.
    public var text: String {
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

    /// The series of a label and dimensions; another one where the label already stands for another type of number.
    private func series<Value: Renderable>(
        _ label: String, _ dimensions: [(String, String)], _ make: () -> Value
    ) -> Value {
        let dimensions = dimensions.map { Dimension(name: Self.name($0.0), value: $0.1) }
            .sorted { $0.name < $1.name }
        return state.withLock { state in
            let name = Self.name(label)
            if let known = state.families[name]?.series.first(where: { $0.dimensions == dimensions }) {
                // What was made as another type is counted, and not shown: one name has one type.
                return known.value as? Value ?? make()
            }
            let made = make()
            guard state.families[name]?.type ?? Value.type == Value.type else { return made }
            state.families[name, default: Family(type: Value.type)].series.append(
                Series(dimensions: dimensions, value: made))
            return made
        }
    }

    /// A name as Prometheus takes it: letters, digits and underscores, not beginning with a digit.
    static func name(_ label: String) -> String {
        let name = label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
        return name.first?.isNumber == true ? "_" + String(name) : String(name)
    }
}

extension MetricsRegistry: MetricsFactory {
    /// A counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions) { Count() }
    }

    /// A counter of fractions.
    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions) { Count() }
    }

    /// A number that goes up and down.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions) { Level() }
    }

    /// A histogram, or, not aggregated, the last number alone.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate
            ? series(label, dimensions) { Histogram(bounds: buckets) } : series(label, dimensions) { Level() }
    }

    /// A histogram of durations, in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions) { Histogram(bounds: buckets) }
    }

    /// Nothing: series live as long as the registry.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Nothing: series live as long as the registry.
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    /// Nothing: series live as long as the registry.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Nothing: series live as long as the registry.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    /// Nothing: series live as long as the registry.
    public func destroyTimer(_ handler: any TimerHandler) {}
}
