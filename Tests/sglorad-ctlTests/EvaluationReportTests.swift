import SgloradInterface
import Testing
import Varlink

@testable import sglorad_ctl

/// The textual report of an evaluation, and its progress lines.
@Suite struct EvaluationReportTests {
    private static func estimate(_ mean: Double) -> Wire.Estimate {
        Wire.Estimate(mean: mean, lower: mean - 0.02, upper: mean + 0.02)
    }

    private static func method(_ name: String, _ recall: Double) -> Wire.EvaluatedMethod {
        Wire.EvaluatedMethod(
            method: name, recallAt1: estimate(recall), recallAt5: estimate(recall + 0.2),
            meanReciprocalRank: estimate(recall + 0.1),
            againstWeighted: name == "weighted" ? nil : estimate(recall - 0.5),
            againstBase: name == "base" ? nil : estimate(recall - 0.45))
    }

    private static func group(_ family: String?, _ tasks: Int) -> Wire.EvaluationGroup {
        Wire.EvaluationGroup(
            family: family, tasks: tasks, queries: 100 * tasks,
            methods: [method("base", 0.45), method("weighted", 0.5), method("sg-lora", 0.5001)])
    }

    @Test func tablesHoldMethodsIntervalsAndDifferences() {
        let report = Wire.EvaluationReport(
            base: "minilm", generator: "g-1", library: "abc", encoder: "def", seed: 7, resamples: 2000,
            parts: [
                Wire.EvaluationPart(
                    name: "held-out",
                    groups: [Self.group(nil, 3), Self.group("hwu", 1), Self.group("wn", 2)], tasks: [])
            ], notes: ["1 task is not judged"], map: [])
        var text = Report()
        text.evaluation(report)
        #expect(
            text.rendered() == """
                base       minilm
                generator  g-1
                library    abc
                seed       7
                intervals  95 %, from 2000 bootstrap resamples of tasks and their queries

                held-out: 3 tasks, 300 queries; tasks that no expert was trained on, with the whole library
                METHOD    RECALL@1  95 %            RECALL@5    MRR  VS WEIGHTED  95 %              VS BASE  95 %
                base         0.450  [0.430, 0.470]     0.650  0.550       -0.050  [-0.070, -0.030]
                weighted     0.500  [0.480, 0.520]     0.700  0.600                                  +0.050  [+0.030, +0.070]
                sg-lora      0.500  [0.480, 0.520]     0.700  0.600        0.000  [-0.020, +0.020]   +0.050  [+0.030, +0.070]

                RECALL@1 BY FAMILY    hwu     wn
                tasks                   1      2
                base                0.450  0.450
                weighted            0.500  0.500
                sg-lora             0.500  0.500

                Note: 1 task is not judged.

                """)
    }

    @Test func progressNamesTheUnit() {
        let state = Wire.EvaluationProgress(stage: "evaluating", done: 50, total: 200, secondsLeft: 61)
        #expect(
            Progress.line(state, columns: 100)
                == "evaluating [#####...............]  25 %, 50 of 200 texts, 1 min 1 s left")
        let early = Wire.EvaluationProgress(stage: "preparing", done: 0, total: 0)
        #expect(Progress.line(early, columns: 100) == "preparing")
        let training = Wire.EvaluationProgress(stage: "training", done: 1, total: 4)
        #expect(Progress.line(training, columns: 100).hasSuffix("1 of 4 steps"))
    }
}
