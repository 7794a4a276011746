import Evaluation
import Foundation
import SgloradInterface
import Testing

@testable import sglorad_ctl

/// The HTML page of an evaluation: complete, self-contained, and safe whatever its texts contain.
@Suite struct ReportPageTests {
    private static func estimate(_ mean: Double) -> Wire.Estimate {
        Wire.Estimate(mean: mean, lower: mean - 0.03, upper: mean + 0.02)
    }

    private static let evil = "</title><script>alert(1)</script>\"'&\u{1B}[31m"

    private static func report(
        methods: [ComparedMethod] = ComparedMethod.allCases, tasks: Int = 5
    ) -> Wire.EvaluationReport {
        let groups = [nil, evil, "wn"].map { family in
            Wire.EvaluationGroup(
                family: family, tasks: tasks, queries: 10 * tasks,
                methods: methods.enumerated().map { place, method in
                    let recall = 0.4 + 0.01 * Double(place)
                    return Wire.EvaluatedMethod(
                        method: method.rawValue, recallAt1: estimate(recall),
                        recallAt5: estimate(recall + 0.2),
                        meanReciprocalRank: estimate(recall + 0.1),
                        againstWeighted: method == .weighted ? nil : estimate(recall - 0.44),
                        againstBase: method == .base ? nil : estimate(recall - 0.4))
                })
        }
        let judged = (0..<tasks).map { place in
            Wire.EvaluatedTask(
                name: "\(evil) \(place)", description: evil, family: evil, queries: 10, pool: 20,
                nearest: evil,
                proximity: 0.5 + 0.05 * Double(place),
                figures: methods.map {
                    Wire.EvaluationFigures(
                        method: $0.rawValue, recallAt1: 0.5, recallAt5: 0.7, meanReciprocalRank: 0.6)
                })
        }
        return Wire.EvaluationReport(
            base: evil, generator: evil, library: evil, encoder: evil, seed: 3, resamples: 100,
            parts: ["held-out", "leave-out"].map { .init(name: $0, groups: groups, tasks: judged) },
            notes: [evil],
            map: (0..<6).map { place in
                let kind = place < 3 ? "expert" : "task"
                return Wire.EvaluationMapPoint(
                    name: evil, kind: kind, family: evil, x: Double(place), y: Double(place * place))
            })
    }

    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    /// `SGLORAD_RECORD=1` records `evaluation.golden` again.
    @Test func pageOfTheFixtureIsUnchanged() throws {
        let json = try Data(contentsOf: Self.fixtures.appendingPathComponent("evaluation.json"))
        let report = try JSONDecoder().decode(Wire.EvaluationReport.self, from: json)
        let golden = Self.fixtures.appendingPathComponent("evaluation.golden")
        let page = ReportPage(report, written: "27 November 2026, 11:20 UTC").html
        if ProcessInfo.processInfo.environment["SGLORAD_RECORD"] == "1" {
            try Data(page.utf8).write(to: golden)
        }
        #expect(page == (try String(contentsOf: golden, encoding: .utf8)))
    }

    @Test func methodsAreThoseOfTheEvaluation() {
        #expect(ComparedMethod.allCases.map(\.rawValue) == StandardMethod.allCases.map(\.rawValue))
    }

    @Test func textsCannotBreakOutOfTheMarkup() {
        let page = ReportPage(Self.report()).html
        #expect(!page.contains("<script") && !page.contains("\u{1B}"))
        #expect(page.contains("&lt;script&gt;alert(1)"))
    }

    @Test func pageLoadsNothingExternal() {
        let page = ReportPage(Self.report()).html
        for word in ["http:", "https:", "src=", "url(", "@import", "<link", "<img", "<iframe"] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.contains("default-src 'none'"))
    }

    @Test func pageHoldsEveryPlotAndTable() throws {
        let page = ReportPage(Self.report()).html
        #expect(page.components(separatedBy: "<svg").count - 1 == 2 * 2 + 1)
        for method in ComparedMethod.allCases { #expect(page.contains(">\(method.rawValue)<")) }
        // The head has void elements, so only the body can be checked as XML.
        let body =
            try #require(page.range(of: "<main>"))
            .lowerBound..<(try #require(page.range(of: "</main>"))).upperBound
        let parser = XMLParserProbe()
        #expect(parser.accepts(String(page[body])), "\(parser.problem)")
        #expect(!page.contains("NaN") && !page.contains("\"?\""))
    }

    @Test func routingHasAHeatMapForEachFamily() throws {
        var report = Self.report()
        func map(_ family: String?, _ gates: [[Double]]) -> Wire.RoutingMap {
            Wire.RoutingMap(
                family: family, tasks: 2,
                layers: gates.enumerated().map {
                    .init(layer: String($0), gates: $1, deviations: [0.25, 0, 0.125])
                })
        }
        #expect(!ReportPage(report).html.contains("lora-gen mixes"))
        report.routing = [
            map(nil, [[0.75, 0, 0.25], [0.25, 0.5, 0.25]]), map(Self.evil, [[1, 0, 0], [0, 1, 0]]),
            map("wn", [[0.5, 0, 0.5], [0.5, 0, 0.5]]),
        ]
        let page = ReportPage(report).html
        #expect(page.components(separatedBy: "<svg").count - 1 == 2 * 2 + 1 + 3)
        #expect(page.contains("all tasks, layer 1, expert 1: mean gate 0.500"))
        #expect(page.contains("fill-opacity=\"0.750\""))
        #expect(page.contains("<td>0.500</td><td>0.250</td><td>0.500</td><td>0.500</td>"))
        #expect(!page.contains("<script"))
        // Maps of a daemon that is newer or hostile: no layers, and rows of different lengths.
        report.routing = [map(nil, [])]
        #expect(!ReportPage(report).html.contains("lora-gen mixes"))
        report.routing = [map(nil, [[1, 0, 0], [0.5]]), map("wn", [])]
        #expect(ReportPage(report).html.contains("lora-gen mixes"))
        var text = Report()
        text.evaluation(report)
        #expect(text.rendered().contains("EXPERT  ALL TASKS  DEVIATION  wn\n     0      0.750      0.250\n"))
    }

    @Test func costsHaveATable() {
        var report = Self.report()
        #expect(!ReportPage(report).html.contains("What an adapter costs"))
        report.costs = [
            Wire.MethodCost(method: "lora-gen", milliseconds: 3.456, generatorBytes: 2048),
            Wire.MethodCost(method: Self.evil, milliseconds: .nan),
        ]
        let page = ReportPage(report).html
        #expect(page.contains("What an adapter costs") && page.contains("<td>3.46</td><td>2.0 KiB</td>"))
        #expect(!page.contains("<script"))
        var text = Report()
        text.evaluation(report)
        #expect(text.rendered().contains("METHOD") && text.rendered().contains("lora-gen"))
        #expect(text.rendered().contains("3.46    2.0 KiB\n"))
    }

    @Test func curvesOfExamplesHaveAChartAndTables() {
        var report = Self.report()
        func point(_ examples: Int, _ kind: String) -> Wire.ExamplePoint {
            Wire.ExamplePoint(
                examples: examples, kind: kind, recallAt1: Self.estimate(0.5),
                againstBase: Self.estimate(0.1),
                gained: kind == "with" ? Self.estimate(0.553) : nil, seconds: 1.25)
        }
        let points = [
            point(0, "without"), point(16, "without"), point(16, "with"), point(16, "another"),
            point(16, Self.evil),
        ]
        let groups = [nil, "wn", Self.evil].map { family in
            Wire.ExampleGroup(
                family: family, tasks: 2, queries: 20, base: Self.estimate(0.4), trained: 0.6, points: points)
        }
        report.examples = [
            Wire.ExampleCurve(
                part: Self.evil, groups: groups,
                tasks: [
                    Wire.ExampleTask(name: Self.evil, base: 0.4, recallAt1: points.map { _ in 0.5 })
                ])
        ]
        let page = ReportPage(report).html
        #expect(!page.contains("<script") && page.contains("What examples are worth"))
        #expect(page.components(separatedBy: "<svg").count - 1 == 2 * 2 + 1 + 1)
        #expect(page.contains("55 %") && page.contains("trained 0.600") && page.contains("1.25"))
        #expect(!page.contains("NaN"))
    }

    @Test(arguments: [1, 2])
    func sparseReportsStillRender(_ tasks: Int) {
        var report = Self.report(methods: [.mean], tasks: tasks)
        report.map = []
        #expect(ReportPage(report).html.contains("</html>"))
        report.parts = []
        #expect(ReportPage(report).html.contains("</html>"))
    }

    @Test func renderingIsDeterministic() {
        let written = "27 November 2026, 11:20 UTC"
        let pages = (0..<2).map { _ in ReportPage(Self.report(), written: written).html }
        #expect(pages[0] == pages[1] && pages[0].contains("Written on \(written) by sglorad-ctl"))
    }

    /// Pages for `make pages`, which opens them in a browser.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SGLORAD_PAGES"] != nil))
    func writePages() throws {
        let folder = URL(filePath: ProcessInfo.processInfo.environment["SGLORAD_PAGES"] ?? ".")
        let json = try Data(contentsOf: Self.fixtures.appendingPathComponent("evaluation.json"))
        let report = try JSONDecoder().decode(Wire.EvaluationReport.self, from: json)
        for (name, report) in [("evaluation", report), ("evaluation-hostile", Self.report())] {
            try Data(ReportPage(report).html.utf8).write(to: folder.appending(path: "\(name).html"))
        }
    }
}

/// Checks that tags are balanced and properly nested.
private final class XMLParserProbe {
    private(set) var problem = ""

    func accepts(_ text: String) -> Bool {
        var open: [Substring] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { return false }
            let tag = rest[rest.index(after: start)..<end]
            rest = rest[rest.index(after: end)...]
            if tag.hasSuffix("/") { continue }
            let name = tag.prefix { $0 != " " }
            if name.hasPrefix("/") {
                guard open.popLast() == name.dropFirst() else {
                    problem = "\(name) closes something else"
                    return false
                }
            } else {
                open.append(name)
            }
        }
        problem = open.joined(separator: " ")
        return open.isEmpty
    }
}
