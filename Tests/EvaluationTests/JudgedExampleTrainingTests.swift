import ErrorModel
import Generation
import LinearAlgebra
import LowRank
import Synchronization
import TestSupport
import Testing
import TextEncoding

@testable import Evaluation

/// Trainings of `icm-lora`, judged on left-out experts, with the real model and small tasks.
@Suite("JudgedExampleTraining", .needsModel)
struct JudgedExampleTrainingTests {
    private static let names = ["clinc-travel-0", "wn-birds", "wn-fish", "wn-trees"]
    private static let library = Result { try Fixture.library(Fixture.exampleExperts, where: names.contains) }

    private static var plan: TrainingPlan {
        var plan = TrainingPlan(system: .icmLoRA)
        (plan.steps, plan.width) = (6, 16)
        return plan
    }

    private static let texts = names.map { name in
        AnsweredTexts(
            name: name,
            pairs: [("a cold river's fish", "trout"), ("it meows", "cat"), ("it moos", "cow")].map {
                AnsweredTexts.Pair(text: "\(name): \($0)", answer: $1)
            })
    }

    private static func training(
        _ library: Library? = nil, tasks: [EvaluationTask]? = nil, training: [AnsweredTexts] = texts
    ) throws -> JudgedExampleTraining {
        try JudgedExampleTraining(
            library: library ?? Self.library.get(), plan: plan, base: "minilm", digest: "encoder",
            tasks: tasks ?? names.map { Fixture.small($0) }, training: training, texts: "texts",
            encoder: Fixture.encoder.get())
    }

    private func numbers(_ generator: ICMLoRAGenerator) -> [UInt32] {
        generator.tensors.flatMap { $0.values.array.map(\.bitPattern) }
    }

    @Test func `the verdict compares with weighted-examples, whatever the number of threads`() throws {
        let training = try Self.training()
        #expect(training.steps == 5 * 6)
        let steps = Mutex<[Int]>([])
        let one = try training.run(threads: 1) { step, _ in steps.withLock { $0.append(step) } }
        #expect(steps.withLock { $0 } == Array(1...30))
        let verdict = try #require(one.record.verdict)
        #expect(verdict.judgedBy == .recall && verdict.tasks == 4)
        #expect(verdict.control != nil && verdict.base != nil)
        #expect(one.record.learned?.digest == "texts" && one.record.learned?.tasks == 4)
        let two = try training.run(threads: 3) { _, _ in }
        #expect(one.record == two.record && numbers(one) == numbers(two))
    }

    @Test func `texts alone, and a base that is not the encoder, are judged by parameters`() throws {
        let verdict = try Self.training(tasks: []).run { _, _ in }.record.verdict
        #expect(verdict?.judgedBy == .parameters && verdict?.tasks == 4 && verdict?.base == nil)
        #expect(verdict?.control != nil)
        // A language model: the text encoder makes the task vectors all the same.
        let layout = try AdapterLayout(
            sites: [Site(path: "model.layers.0.self_attn.q_proj", inFeatures: 8, outFeatures: 8)], rank: 2,
            scale: 1)
        var random = CounterRandom(seed: 4)
        let experts = try Self.names.map { name in
            let samples = (0..<2).map { _ in FloatVector(random.gaussians(layout.parameterCount)) }
            return LibraryExpert(
                name: name, digest: name, embedding: try Fixture.encoder.get().encode(name).embedding,
                mean: samples[0], variance: samples[1], checkpoints: samples)
        }
        let library = Library(layout: layout, experts: experts)
        for tasks in [[], Self.names.map { Fixture.small($0) }] {
            let generator = try Self.training(library, tasks: tasks).run { _, _ in }
            #expect(generator.record.verdict?.judgedBy == .parameters)
            #expect(generator.record.system == .icmLoRA && generator.record.layout == layout)
        }
    }

    @Test func `experts without texts are named, and tasks of no expert refused`() throws {
        let error = refusal(.invalidRequest) {
            _ = try Self.training(tasks: [Fixture.small("wn-birds")], training: [Self.texts[2]])
        }
        #expect(error?.message.contains("clinc-travel-0, wn-trees") == true)
        #expect(error?.message.contains("--training") == true)
        let strange = refusal(.invalidRequest) {
            _ = try Self.training(tasks: [Fixture.small("reptiles")])
        }
        #expect(strange?.message.contains("named as an expert") == true)
    }

    @Test func `an expert's examples are none of the queries that judge it`() throws {
        let task = Fixture.small("wn-birds")
        // Its own queries: the first ones are given, the rest judges.
        let own = try #require(ExpertTexts(nil, task))
        #expect(own.trained.count == 5 && own.given.map(\.text) == task.queries.prefix(2).map(\.text))
        #expect(own.given.map(\.answer) == ["owl", "shark"])
        #expect(own.judged?.queries == Array(task.queries.dropFirst(2)))
        // Other texts: those that are queries all the same are not given.
        let pairs = (0..<80).map { AnsweredTexts.Pair(text: "text \($0)", answer: "a") }
        let query = AnsweredTexts.Pair(text: task.queries[0].text, answer: "owl")
        let others = try #require(
            ExpertTexts(AnsweredTexts(name: "wn-birds", pairs: [query] + pairs), task))
        #expect(others.trained.count == 64 && others.trained[0] == query)
        #expect(others.given == Array(pairs.prefix(16)) && others.judged == task)
        #expect(ExpertTexts(nil, nil) == nil)
        // A single query leaves none to give.
        let single = task.with(pool: task.pool, queries: [task.queries[0]], oracle: nil)
        #expect(ExpertTexts(nil, single)?.given.isEmpty == true)
    }
}
