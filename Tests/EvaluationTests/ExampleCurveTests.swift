import ErrorModel
import Generation
import TestSupport
import Testing

@testable import Evaluation

/// The curve of what examples are worth: its figures, and whole runs with the real model.
@Suite("ExampleCurve")
struct ExampleCurveTests {
    private static let names: Set = ["wn-birds", "wn-fish", "wn-trees", "clinc-banking-0"]
    private static let library = Result { try Fixture.library(Fixture.exampleExperts, where: names.contains) }

    private static func task(
        _ name: String, family: String = "wn", examples count: Int = 5, oracle: Double? = nil
    ) -> EvaluationTask {
        let small = Fixture.small(name, family: family)
        let answers = ["owl", "shark", "dog", "bee", "fir"]
        return EvaluationTask(
            name: name, description: small.description, family: family, pool: small.pool + ["kettle"],
            queries: small.queries,
            examples: (0..<count).map { .init(text: "\(name) has number \($0)", answer: answers[$0 % 5]) },
            oracle: oracle)
    }

    private static func options(_ methods: [StandardMethod] = [.base]) -> EvaluationOptions {
        var options = EvaluationOptions()
        options.resamples = 50
        options.methods = methods
        return options
    }

    @Test(.needsModel) func `each part has a curve, whose start is the default strategy's`() throws {
        let tasks = [
            Self.task("reptiles", oracle: 0.8), Self.task("wn-birds"), Self.task("wn-fish"),
            Self.task("clinc-banking-0", family: "clinc"), Fixture.small("wn-trees"),
        ]
        let run = try Fixture.evaluation(
            try Self.library.get(), options: Self.options([.base, .auto, .oracle]))
        let report = try run.run(tasks) { _ in }
        let curves = try #require(report.examples)
        #expect(curves.map(\.part) == ["held-out", "leave-out"])
        func points(_ curve: ExampleCurve) -> [ExamplePoint] {
            curve.groups[0].points.map { ExamplePoint(count: $0.examples, kind: $0.kind) }
        }
        let own = [
            ExamplePoint(count: 0, kind: .without), ExamplePoint(count: 4, kind: .without),
            ExamplePoint(count: 4, kind: .with), ExamplePoint(count: 4, kind: .merged),
        ]
        #expect(points(curves[0]) == own, "a single task has no control")
        #expect(points(curves[1]) == own + [ExamplePoint(count: 4, kind: .another)])
        #expect(curves[0].tasks[0].trained == 0.8, "as the task states")
        let judged = report.parts.last?.tasks.map(\.name).filter { $0 != "wn-trees" }
        #expect(curves[1].tasks.map(\.name) == judged, "a task without examples has no place in the curve")
        #expect(curves[1].groups.map(\.family) == [nil, "clinc", "wn"])
        // In its own scope: as the methods of the report, which leave the fold out.
        for curve in curves {
            let part = try #require(report.parts.first { $0.name == curve.part })
            for task in curve.tasks {
                let figures = try #require(part.tasks.first { $0.name == task.name }).figures
                func recall(_ method: String) -> Double? {
                    figures.first { $0.method == method }?.recallAt1
                }
                #expect(task.base == recall("base") && task.recallAt1[0] == recall("auto"))
                if curve.part == "leave-out" { #expect(task.trained == recall("oracle")) }
            }
            #expect(curve.groups.allSatisfy { $0.points.allSatisfy { $0.seconds > 0 } })
        }
    }

    @Test(.needsModel) func `two runs differ in their seconds alone`() throws {
        func run() throws -> EvaluationReport {
            let run = try Fixture.evaluation(try Self.library.get(), options: Self.options())
            var report = try run.run([Self.task("reptiles"), Self.task("snakes")]) { _ in }
            for curve in (report.examples ?? []).indices {
                for group in (report.examples?[curve].groups ?? []).indices {
                    for point in (report.examples?[curve].groups[group].points ?? []).indices {
                        report.examples?[curve].groups[group].points[point].seconds = 0
                    }
                }
            }
            return report
        }
        let (one, other) = (try run(), try run())
        #expect(one == other && one.examples?.count == 1)
    }

    /// Six answered texts of each expert, none of which is a query.
    private static let texts = names.sorted().map { name in
        AnsweredTexts(
            name: name,
            pairs: (0..<6).map {
                AnsweredTexts.Pair(text: "\(name) has the text \($0)", answer: "answer \($0 % 3)")
            })
    }

    @Test(.needsModel) func `icm-lora is judged beside the others, with its control and its ablations`()
        throws
    {
        let tasks = [Self.task("reptiles"), Self.task("snakes"), Self.task("wn-birds"), Self.task("wn-fish")]
        let library = try Self.library.get()
        let system = try Fixture.examples(library, tasks, training: Self.texts)
        let methods: [StandardMethod] = [.base, .icmLoRA, .icmLoRAShuffled, .icmLoRANoLatent]
        let run = try Fixture.evaluation(library, options: Self.options(methods), examples: system)
        let report = try run.run(tasks) { _ in }
        let curves = try #require(report.examples)
        #expect(curves.map(\.part) == ["held-out", "leave-out"])
        let kinds: [ExampleCurve.Kind] = [
            .decodedWithout, .decoded, .decodedAnother, .decodedShuffled, .decodedNoLatent,
        ]
        for curve in curves {
            let points = curve.groups[0].points
            #expect(points.map(\.kind).filter { $0.variant != nil } == kinds)
            #expect(points.suffix(kinds.count).allSatisfy { $0.examples == 4 && $0.seconds > 0 })
            #expect(curve.tasks.allSatisfy { $0.recallAt1.count == points.count })
        }
        // Only what is asked for is trained and judged, and the methods of the report have no such row.
        let plain = try Fixture.evaluation(
            library, options: Self.options([.base, .icmLoRA]), examples: system
        )
        .run(tasks) { _ in }
        let some = try #require(plain.examples).flatMap { $0.groups[0].points.map(\.kind) }
        #expect(some.contains(.decoded) && !some.contains(.decodedShuffled))
        #expect(report.parts.allSatisfy { $0.groups[0].methods.map(\.method) == ["base"] })
    }

    @Test(.needsModel) func `auto with examples decodes them where it takes icm-lora`() throws {
        let tasks = [Self.task("reptiles")]
        let library = try Self.library.get()
        let system = try Fixture.examples(library, tasks, training: Self.texts)
        let run = try Fixture.evaluation(
            library, options: Self.options([.base, .icmLoRA]), examples: system
        ) { $0.hasExamples ? .icmLoRA : .weightedTuned }
        let curve = try #require(try run.run(tasks) { _ in }.examples?.first)
        let recalls = Dictionary(
            zip(
                curve.groups[0].points.map { ExamplePoint(count: $0.examples, kind: $0.kind) },
                curve.tasks[0].recallAt1),
            uniquingKeysWith: { first, _ in first })
        let without = recalls[ExamplePoint(count: 4, kind: .without)]
        #expect(without != nil && without == recalls[ExamplePoint(count: 4, kind: .decodedWithout)])
    }

    @Test(.needsModel) func `in the closed world experts are decoded from other texts of their tasks`() throws
    {
        let tasks = [Self.task("reptiles", examples: 4), Fixture.small("wn-birds"), Fixture.small("wn-fish")]
        let library = try Self.library.get()
        let system = try Fixture.examples(library, tasks, training: Self.texts)
        let others: [StandardMethod] = [.base, .nearest, .weighted, .oracle]
        var options = Self.options(
            StandardMethod.allCases.filter { $0.needsExamples || others.contains($0) })
        // Tasks of experts are judged there even if they are not left out.
        (options.leaveOut, options.closedWorld) = (false, true)
        func report() throws -> EvaluationReport {
            try Fixture.evaluation(library, options: options, examples: system).run(tasks) { _ in }
        }
        let one = try report()
        let part = try #require(one.parts.first { $0.name == "closed-world" })
        #expect(
            Set(part.groups[0].methods.map(\.method)) == [
                "base", "nearest", "icm-lora", "icm-lora-mean", "icm-lora-shuffled", "icm-lora-no-latent",
                "oracle",
            ])
        #expect(part.tasks.map(\.name) == ["wn-birds", "wn-fish"] && part.groups[0].queries == 10)
        #expect(part == (try report().parts.first { $0.name == "closed-world" }))
        // Without other texts, an expert is not judged there, nor without a generator anything.
        let bare = try Fixture.examples(library, tasks, training: Self.texts)
        let none = ExampleSystem(
            bare.guided, experts: library.experts.map(\.name), tasks: tasks, training: [], base: "minilm",
            encoder: try Fixture.encoder.get())
        let without = try Fixture.evaluation(library, options: options, examples: none).run(tasks) { _ in }
        #expect(!without.parts.contains { $0.name == "closed-world" })
        #expect(
            without.notes.contains { $0.contains("beside the queries") && $0.contains("wn-birds, wn-fish") })
        let missing = try Fixture.evaluation(library, options: options).run(tasks) { _ in }
        #expect(missing.notes.contains { $0.contains("no generator of icm-lora") })
    }

    @Test(.needsModel) func `a refused description stays at the base model, whatever the examples`() throws {
        let run = try Fixture.evaluation(try Self.library.get(), options: Self.options()) { _ in .base }
        let curve = try #require(try run.run([Self.task("reptiles")]) { _ in }.examples?.first)
        #expect(curve.tasks[0].recallAt1.allSatisfy { $0 == curve.tasks[0].base })
    }

    @Test(.needsModel) func `own labels narrow the pool, and tasks without examples have no curve`() throws {
        var options = Self.options()
        options.labels = .own
        let run = try Fixture.evaluation(try Self.library.get(), options: options)
        let report = try run.run([
            Self.task("reptiles", examples: 3, oracle: 0.5), Fixture.small("snakes"),
        ]) { _ in }
        #expect(report.parts[0].tasks.map(\.pool) == [5, 5], "without the kettle, which answers no query")
        #expect(report.examples == nil)
        #expect(report.notes.contains { $0.contains("own labels") })
        #expect(report.notes.contains { $0.contains("fewer than 4 examples") && $0.contains("reptiles") })
    }

    @Test(.needsModel) func `examples and an engine exclude each other`() throws {
        struct Silent: AnsweringModel {
            func answers(
                to task: EvaluationTask, in part: String, with adapters: [AnsweringAdapter],
                progress: (Int) -> Void
            ) -> [[Bool]] { [] }
        }
        let run = EvaluationRun(
            Fixture.identity, library: try Self.library.get(), generator: nil,
            encoder: try Fixture.encoder.get(), options: Self.options(), steps: 1,
            train: { _, _, _ throws(SgloradError) in throw .internal("no training") }, auto: { _ in .base },
            model: Silent())
        let error = #expect(throws: SgloradError.self) {
            _ = try run.run([Self.task("reptiles")]) { _ in }
        }
        #expect(error?.code == .invalidRequest && error?.message.contains("examples") == true)
    }

    @Test func `the share of training is that of the means, and absent where none can be told`() {
        func judged(_ trained: Double?, base: [Int], point: [Int]) -> JudgedExamples {
            JudgedExamples(
                task: Fixture.small("t"), base: Ranking(places: base), trained: trained,
                points: [(Ranking(places: point), 0.5)])
        }
        func group(_ judged: [JudgedExamples]) -> ExampleCurve.Group {
            ExampleCurve(
                "held-out", judged, at: [ExamplePoint(count: 4, kind: .with)], resamples: 20, seed: 1
            ).groups[0]
        }
        // Base .2 and .4, at the point .6 and .6, trained 1 and .8: (.6 - .3) / (.9 - .3).
        let known = group([
            judged(1, base: [0, 1, 1, 1, 1], point: [0, 0, 0, 1, 1]),
            judged(0.8, base: [0, 0, 1, 1, 1], point: [0, 0, 0, 1, 1]),
        ])
        #expect(abs((known.points[0].gained?.mean ?? 0) - 0.5) < 1e-6)
        #expect(abs((known.trained ?? 0) - 0.9) < 1e-6 && known.points[0].seconds == 0.5)
        #expect(abs(known.points[0].againstBase.mean - 0.3) < 1e-6)
        let unknown = group([
            judged(1, base: [0, 1, 1, 1, 1], point: [0, 0, 0, 1, 1]),
            judged(nil, base: [0, 0, 1, 1, 1], point: [0, 0, 0, 1, 1]),
        ])
        #expect(unknown.points[0].gained == nil && unknown.trained == nil)
        let useless = group([judged(0.2, base: [0, 1, 1, 1, 1], point: [0, 0, 0, 1, 1])])
        #expect(useless.points[0].gained == nil && useless.trained == 0.2)
    }

    @Test func `the points are those that all tasks have examples for`() {
        let few = ExamplePoint.all(upTo: 9, hasOther: true)
        #expect(few.map(\.count) == [0, 4, 8, 4, 8, 4, 8, 8])
        #expect(
            few.map(\.kind) == [
                .without, .without, .without, .with, .with, .merged, .merged, .another,
            ])
        #expect(ExamplePoint.all(upTo: 32, hasOther: false).count == 13)
    }
}
