import Foundation
import Testing

@testable import Evaluation

/// The page of a report: whole, closed in itself, and safe whatever the texts say.
@Suite struct ReportPageTests {
    private static func estimate(_ mean: Double) -> EvaluationReport.Estimate {
        EvaluationReport.Estimate(mean: mean, lower: mean - 0.03, upper: mean + 0.02)
    }

    private static let evil = "</title><script>alert(1)</script>\"'&\u{1B}[31m"

    private static func report(methods: [StandardMethod] = StandardMethod.allCases, tasks: Int = 5)
        -> EvaluationReport
    {
        let groups = [nil, evil, "wn"].map { family in
            EvaluationReport.Group(
                family: family, tasks: tasks, queries: 10 * tasks,
                methods: methods.enumerated().map { place, method in
                    let recall = 0.4 + 0.01 * Double(place)
                    return EvaluationReport.Method(
                        method: method.rawValue, recallAt1: estimate(recall),
                        recallAt5: estimate(recall + 0.2),
                        meanReciprocalRank: estimate(recall + 0.1),
                        againstWeighted: method == .weighted ? nil : estimate(recall - 0.44),
                        againstBase: method == .base ? nil : estimate(recall - 0.4))
                })
        }
        let judged = (0..<tasks).map { place in
            EvaluationReport.Task(
                name: "\(evil) \(place)", description: evil, family: evil, queries: 10, pool: 20,
                nearest: evil,
                proximity: 0.5 + 0.05 * Double(place),
                figures: methods.map {
                    EvaluationReport.TaskFigures(
                        method: $0.rawValue, recallAt1: 0.5, recallAt5: 0.7, meanReciprocalRank: 0.6)
                })
        }
        return EvaluationReport(
            base: evil, generator: evil, library: evil, encoder: evil, seed: 3, resamples: 100,
            parts: ["held-out", "leave-out"].map { .init(name: $0, groups: groups, tasks: judged) },
            notes: [evil],
            map: (0..<6).map { place in
                let kind = place < 3 ? "expert" : "task"
                return EvaluationReport.MapPoint(
                    name: evil, kind: kind, family: evil, x: Double(place), y: Double(place * place))
            })
    }

    @Test func textsCannotBreakOut() {
        let page = ReportPage(Self.report()).html
        #expect(!page.contains("<script") && !page.contains("\u{1B}"))
        #expect(page.contains("&lt;script&gt;alert(1)"))
    }

    @Test func nothingIsLoadedFromElsewhere() {
        let page = ReportPage(Self.report()).html
        for word in ["http:", "https:", "src=", "url(", "@import", "<link", "<img", "<iframe"] {
            #expect(!page.contains(word), "\(word)")
        }
        #expect(page.contains("default-src 'none'"))
    }

    @Test func everyPlotAndTableIsThere() throws {
        let page = ReportPage(Self.report()).html
        #expect(page.components(separatedBy: "<svg").count - 1 == 2 * 2 + 1)
        for method in StandardMethod.allCases { #expect(page.contains(">\(method.rawValue)<")) }
        // Well-formed from the body on: HTML's head has elements without an end.
        let body =
            try #require(page.range(of: "<main>"))
            .lowerBound..<(try #require(page.range(of: "</main>"))).upperBound
        let parser = XMLParserProbe()
        #expect(parser.accepts(String(page[body])), "\(parser.problem)")
        #expect(!page.contains("NaN") && !page.contains("\"?\""))
    }

    @Test(arguments: [1, 2])
    func littleIsEnough(_ tasks: Int) {
        var report = Self.report(methods: [.mean], tasks: tasks)
        report.map = []
        #expect(ReportPage(report).html.contains("</html>"))
        report.parts = []
        #expect(ReportPage(report).html.contains("</html>"))
    }

    @Test func theSameReportGivesTheSamePage() {
        #expect(ReportPage(Self.report()).html == ReportPage(Self.report()).html)
    }
}

/// Says whether tags are closed in the order in which they were opened.
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
