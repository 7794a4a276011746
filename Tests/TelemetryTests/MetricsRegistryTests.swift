import CoreMetrics
import Telemetry
import Testing

@Suite("MetricsRegistry")
struct MetricsRegistryTests {
    private let registry = MetricsRegistry(buckets: [0.01, 0.1, 1])

    @Test func `counters, gauges and histograms are printed sorted, with types and descriptions`() {
        registry.describe("requests_total", "How requests ended:\nby state, with a \\")
        Counter(label: "requests_total", dimensions: [("state", "done")], factory: registry).increment(by: 2)
        Counter(label: "requests_total", dimensions: [("state", "a \"b\"\n\\")], factory: registry)
            .increment()
        FloatingPointCounter(label: "seconds_total", factory: registry).increment(by: 0.5)
        Meter(label: "open connections", factory: registry).set(3)
        let timer = Timer(label: "answer.seconds", factory: registry)
        for milliseconds in [5, 10, 50, 5000] { timer.recordMilliseconds(milliseconds) }
        #expect(
            registry.text == """
                # TYPE answer_seconds histogram
                answer_seconds_bucket{le="0.01"} 2
                answer_seconds_bucket{le="0.1"} 3
                answer_seconds_bucket{le="1"} 3
                answer_seconds_bucket{le="+Inf"} 4
                answer_seconds_sum 5.065
                answer_seconds_count 4
                # TYPE open_connections gauge
                open_connections 3
                # HELP requests_total How requests ended:\\nby state, with a \\\\
                # TYPE requests_total counter
                requests_total{state="a \\"b\\"\\n\\\\"} 1
                requests_total{state="done"} 2
                # TYPE seconds_total counter
                seconds_total 0.5

                """)
    }

    @Test func `one label and one set of dimensions give one series, in any order`() {
        for dimensions in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
            Counter(label: "n", dimensions: dimensions, factory: registry).increment()
        }
        #expect(registry.text == "# TYPE n counter\nn{a=\"1\",b=\"2\"} 2\n")
    }

    @Test func `a name keeps its first type, so that the text stays valid`() {
        Counter(label: "n", factory: registry).increment()
        Meter(label: "n", factory: registry).set(7)
        Meter(label: "n", dimensions: [("a", "1")], factory: registry).set(7)
        #expect(registry.text == "# TYPE n counter\nn 1\n")
    }

    @Test func `a counter ignores increments that are negative or not finite`() {
        let counter = FloatingPointCounter(label: "n", factory: registry)
        counter.increment(by: 1.5)
        counter.increment(by: -1)
        counter.increment(by: Double.nan)
        counter.increment(by: Double.infinity)
        #expect(registry.text == "# TYPE n counter\nn 1.5\n")
    }

    @Test func `names are converted to valid Prometheus names`() {
        Meter(label: "9 lives/ü", factory: registry).set(-Double.infinity)
        #expect(registry.text == "# TYPE _9_lives__ gauge\n_9_lives__ -Inf\n")
    }

    @Test func `aggregating recorders are histograms, others gauges`() {
        Recorder(label: "sizes", factory: registry).record(0.05)
        let gauge = Gauge(label: "last", factory: registry)
        gauge.record(1)
        gauge.record(2.5)
        #expect(registry.text.contains("sizes_bucket{le=\"0.1\"} 1\n"))
        #expect(registry.text.contains("# TYPE last gauge\nlast 2.5\n"))
    }

    @Test func `concurrent increments are all counted`() async {
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask { [registry] in
                    for _ in 0..<1000 { Counter(label: "n", factory: registry).increment() }
                }
            }
        }
        #expect(registry.text == "# TYPE n counter\nn 8000\n")
    }
}
