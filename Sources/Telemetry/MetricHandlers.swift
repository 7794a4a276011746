internal import CoreMetrics
internal import Synchronization

/// A monotonic counter; increments that are negative or not finite are ignored.
final class Count: Renderable, CounterHandler, FloatingPointCounterHandler {
    static let type = "counter"
    private let value = Mutex(0.0)

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        value.withLock { $0 += amount }
    }

    func reset() { value.withLock { $0 = 0 } }

    func lines(_ name: String, _ dimensions: [MetricsRegistry.Dimension]) -> [String] {
        [Exposition.line(name, dimensions, value.withLock { $0 })]
    }
}

/// A gauge: a value that can go up and down.
final class Level: Renderable, MeterHandler, RecorderHandler {
    static let type = "gauge"
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func lines(_ name: String, _ dimensions: [MetricsRegistry.Dimension]) -> [String] {
        [Exposition.line(name, dimensions, value.withLock { $0 })]
    }
}

/// A histogram: the number of values per bucket, their sum and their count.
final class Histogram: Renderable, RecorderHandler, TimerHandler {
    static let type = "histogram"

    private struct State {
        var counts: [Int]
        var sum = 0.0
        var count = 0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let place = bounds.firstIndex { value <= $0 }
        state.withLock { state in
            if let place { state.counts[place] += 1 }
            state.sum += value
            state.count += 1
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) * 1e-9) }

    func lines(_ name: String, _ dimensions: [MetricsRegistry.Dimension]) -> [String] {
        let state = state.withLock { $0 }
        var total = 0
        var lines: [String] = []
        for (bound, count) in zip(bounds, state.counts) {
            total += count
            lines.append(
                Exposition.line(
                    name + "_bucket", dimensions + [.init(name: "le", value: Exposition.number(bound))],
                    Double(total)))
        }
        lines.append(
            Exposition.line(
                name + "_bucket", dimensions + [.init(name: "le", value: "+Inf")], Double(state.count)))
        lines.append(Exposition.line(name + "_sum", dimensions, state.sum))
        lines.append(Exposition.line(name + "_count", dimensions, Double(state.count)))
        return lines
    }
}
