import ErrorModel
import Evaluation
import Generation
import LinearAlgebra
import LowRank
import Synchronization
import TestSupport
import Testing
import TextEncoding

/// Trainings of systems by the tasks' loss, judged on left-out experts, with the real model and small tasks.
@Suite("JudgedSystemTraining", .needsModel)
struct JudgedSystemTrainingTests {
    private static let names = ["clinc-travel-0", "wn-birds", "wn-fish", "wn-trees"]
    private static let library = Result { try Fixture.library(Fixture.exampleExperts, where: names.contains) }

    static func plan(_ system: GeneratorSystem) -> TrainingPlan {
        var plan = TrainingPlan(system: system)
        plan.steps = 4
        plan.taskTraining?.tasksPerStep = 2
        return plan
    }

    private static func training(
        _ system: GeneratorSystem = .multiTask, tasks: [EvaluationTask]? = nil,
        training: [AnsweredTexts] = []
    ) throws -> JudgedSystemTraining {
        try JudgedSystemTraining(
            library: library.get(), plan: plan(system), base: "minilm", digest: "encoder",
            tasks: tasks ?? names.map { Fixture.small($0) }, training: training, texts: "texts",
            encoder: Fixture.encoder.get())
    }

    private func numbers(_ generator: TaskTrainedGenerator) -> [UInt32] {
        generator.tensors.flatMap { $0.values.array.map(\.bitPattern) }
    }

    @Test(arguments: GeneratorSystem.taskTrained)
    func `the verdict compares with control, weighted and base, whatever the number of threads`(
        _ system: GeneratorSystem
    ) throws {
        let training = try Self.training(system)
        #expect(training.steps == 5 * 4)
        let steps = Mutex<[Int]>([])
        let one = try training.run(threads: 1) { step, _ in steps.withLock { $0.append(step) } }
        #expect(steps.withLock { $0 } == Array(1...20))
        let verdict = try #require(one.record.verdict)
        #expect(verdict.judgedBy == .recall && verdict.tasks == 4)
        #expect(verdict.control != nil && verdict.base != nil)
        let results = try #require(verdict.results)
        #expect(
            Set(results.keys) == Set(Self.names) && abs(results.values.reduce(0, +) / 4 - verdict.own) < 1e-9)
        #expect(one.record.learned?.digest == "texts" && one.record.experts.count == 4)
        let two = try training.run(threads: 3) { _, _ in }
        #expect(one.record == two.record && numbers(one) == numbers(two))
    }

    @Test func `other texts are learned from where they are given, and the tasks only judge`() throws {
        let texts = Self.names.map { name in
            AnsweredTexts(
                name: name,
                pairs: [("a cold river's fish", "trout"), ("it meows", "cat"), ("it moos", "cow")].map {
                    AnsweredTexts.Pair(text: $0, answer: $1)
                })
        }
        let own = try Self.training().run { _, _ in }
        let others = try Self.training(training: texts).run { _, _ in }
        #expect(numbers(own) != numbers(others))
        #expect(own.record.verdict?.base == others.record.verdict?.base)
        // Without tasks to judge on there is no verdict.
        let unjudged = try Self.training(tasks: [], training: texts).run { _, _ in }
        #expect(unjudged.record.verdict == nil && numbers(unjudged) != numbers(own))
    }

    @Test func `what cannot be trained is refused by the system's name`() throws {
        let none = refusal(.invalidRequest) { _ = try Self.training(tasks: []) }
        #expect(none?.message.contains("multi-task") == true && none?.message.contains("--tasks") == true)
        let strange = refusal(.invalidRequest) {
            _ = try Self.training(tasks: [Fixture.small("reptiles")])
        }
        #expect(strange?.message.contains("named as an expert") == true)
        let layout = try AdapterLayout(
            sites: [Site(path: "model.layers.0.self_attn.q_proj", inFeatures: 8, outFeatures: 8)], rank: 2,
            scale: 1)
        let foreign = refusal(.layoutMismatch) {
            _ = try JudgedSystemTraining(
                library: Library(layout: layout, experts: []), plan: Self.plan(.multiTask), base: "gemma",
                digest: "encoder", tasks: [Fixture.small("wn-birds")], texts: "",
                encoder: Fixture.encoder.get())
        }
        #expect(foreign?.message.contains("multi-task learns through the base model") == true)
        #expect(foreign?.message.contains("gemma") == true)
    }
}

@Suite("Answered texts")
struct AnsweredTextsTests {
    private func texts(_ name: String, _ pairs: [(String, String)]) -> AnsweredTexts {
        AnsweredTexts(name: name, pairs: pairs.map { AnsweredTexts.Pair(text: $0.0, answer: $0.1) })
    }

    @Test func `valid texts pass; empty, repeated and oversized ones are named`() throws {
        let good = texts("wn-birds", [("it hoots", "owl"), ("it swims", "penguin")])
        try AnsweredTexts.validate([good])
        let long = String(repeating: "a", count: EvaluationTask.maximumTextBytes + 1)
        for (wrong, says) in [
            ([], "holds 0 tasks"), ([good, good], "two tasks named 'wn-birds'"),
            ([texts("wn-fish", [])], "wn-fish"), ([texts("wn-fish", [("", "owl")])], "wn-fish"),
            ([texts("wn-fish", [("it hoots", " ")])], "wn-fish"),
            ([texts("wn-fish", [(long, "owl")])], "wn-fish"), ([texts("", [("a", "b")])], "name"),
        ] {
            let error = refusal(.invalidRequest) { try AnsweredTexts.validate(wrong) }
            #expect(error?.parameters["field"] == .string("training"))
            #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        }
    }
}
