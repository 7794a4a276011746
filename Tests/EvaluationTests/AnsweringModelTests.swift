import ErrorModel
import Evaluation
import Generation
import SemanticGuidance
import Synchronization
import TestSupport
import Testing

/// A model that answers by rule: right where the rule says so, for the id of the adapter and the number of the query.
private struct RuledModel: AnsweringModel {
    let isRight: @Sendable (String, Int) -> Bool
    let asked = Log()

    final class Log: Sendable {
        let entries = Mutex<[(part: String, task: EvaluationTask, adapters: [String])]>([])
    }

    func answers(
        to task: EvaluationTask, in part: String, with adapters: [AnsweringAdapter], progress: (Int) -> Void
    ) throws(SgloradError) -> [[Bool]] {
        asked.entries.withLock { $0.append((part, task, adapters.map(\.id))) }
        for adapter in adapters { _ = try adapter.parameters?() }
        progress(task.queries.count * adapters.count)
        return adapters.map { adapter in task.queries.indices.map { isRight(adapter.id, $0) } }
    }
}

/// Evaluations and trainings of the example library whose tasks a model answers.
@Suite("A model that answers", .needsModel)
struct AnsweringModelTests {
    private static let names: Set = ["wn-birds", "wn-fish", "wn-trees", "clinc-banking-0", "wn-insects"]
    private static let library = Result { try Fixture.library(Fixture.exampleExperts, where: names.contains) }

    /// Tasks of the experts and a held-out one, each with thirty queries and three labels in a pool of five.
    private static let tasks = (names.sorted() + ["reptiles"]).map { name in
        EvaluationTask(
            name: name, description: "Match definitions of \(name) to their names",
            pool: ["other", "one", "two", "another", "three"],
            queries: (0..<30).map { .init(text: "query \($0)", answer: [1, 2, 4][$0 % 3]) })
    }

    private func evaluation(
        _ methods: [StandardMethod], queries: Int?, by model: RuledModel
    ) throws -> EvaluationReport {
        var options = EvaluationOptions()
        options.methods = methods
        options.resamples = 100
        options.queries = queries
        let evaluation = EvaluationRun(
            .init(base: "base", generator: nil, library: "l", encoder: "e"), library: try Self.library.get(),
            generator: nil, encoder: try Fixture.encoder.get(), options: options, steps: 0,
            train: { library, _, step throws(SgloradError) in
                var plan = TrainingPlan()
                plan.steps = 4
                plan.directions = 2
                let trainer = try GeneratorTrainer(library: library, plan: plan, base: "base", encoder: "e")
                return try trainer.train { progress throws(SgloradError) in step(progress) }
            },
            auto: { _ in .weighted }, model: model)
        return try evaluation.run(Self.tasks) { _ in }
    }

    @Test
    func `recall is the share of right answers, each adapter answers once, and pools are the tasks' labels`()
        throws
    {
        let model = RuledModel { id, query in id != "base" || query % 2 == 0 }
        let report = try evaluation([.base, .nearest, .weighted, .auto], queries: nil, by: model)
        #expect(report.judgedBy == "engine" && report.parts.count == 2)
        for part in report.parts {
            let methods = part.groups[0].methods
            #expect(methods.map(\.method) == ["base", "nearest", "weighted", "auto"])
            #expect(methods.map(\.recallAt1.mean) == [0.5, 1, 1, 1])
            #expect(methods.map(\.meanReciprocalRank.mean) == [0.5, 1, 1, 1])
            #expect(methods[0].recallAt5.mean == 0.5)
        }
        let asked = model.asked.entries.withLock { $0 }
        #expect(asked.count == 6 && asked.allSatisfy { $0.adapters.count == 3 }, "auto is weighted")
        #expect(asked.allSatisfy { $0.task.pool == ["one", "two", "three"] })
        #expect(asked.allSatisfy { $0.task.queries.prefix(3).map(\.answer) == [0, 1, 2] })
    }

    @Test func `so many queries are drawn, the same every time, and labels stay those of the whole task`()
        throws
    {
        let (first, second) = (RuledModel { _, _ in true }, RuledModel { _, _ in true })
        #expect(try evaluation([.base], queries: 2, by: first).parts[0].groups[0].queries == 2)
        _ = try evaluation([.base], queries: 2, by: second)
        let tasks = first.asked.entries.withLock { $0.map(\.task) }
        #expect(tasks == second.asked.entries.withLock { $0.map(\.task) })
        #expect(tasks.allSatisfy { $0.pool.count == 3 && $0.queries.count == 2 })
    }

    private func training(_ model: RuledModel) throws -> SemanticGuidedGenerator {
        var plan = TrainingPlan()
        plan.steps = 8
        plan.directions = 4
        return try AnsweredTraining(
            library: try Self.library.get(), plan: plan, base: "base", digest: "e", tasks: Self.tasks,
            encoder: try Fixture.encoder.get(), model: model
        ).run { _, _, _, _ in }
    }

    @Test func `the guidance that answers best is chosen, and a correction that does not help is left out`()
        throws
    {
        // Two experts guide best; what the network adds answers nothing right.
        let model = RuledModel { id, query in
            if id.hasPrefix("sg-lora") { return false }
            return id.hasPrefix("k2 ") || (id != "base" && query % 2 == 0)
        }
        let generator = try training(model)
        #expect(generator.record.plan.guidance.topK == 2)
        #expect(generator.record.correctionShare == 0)
        let verdict = try #require(generator.record.verdict)
        #expect(verdict.judgedBy == .engine && verdict.tasks == 5 && verdict.isPreferred)
        #expect(verdict.own == 1 && verdict.weighted < 1 && verdict.base == 0)
        let asked = model.asked.entries.withLock { $0 }
        #expect(asked.allSatisfy { $0.task.queries.count == AnsweredTraining.maximumQueries })
        #expect(asked.filter { $0.part == "choosing" }.count == 5)
        // A fold's generator is guided as the others' tasks chose.
        #expect(asked.filter { $0.part != "choosing" }.allSatisfy { $0.adapters[0].hasPrefix("sg-lora k2 ") })
    }

    @Test func `a correction that helps is kept, and weighted leads where it answers better`() throws {
        let helped = try training(RuledModel { id, _ in id.hasPrefix("sg-lora") })
        #expect(helped.record.correctionShare > 0 || helped.record.verdict?.own == 1)
        #expect(helped.record.verdict?.own == 1 && helped.record.verdict?.weighted == 0)
        #expect(helped.record.plan.guidance == .paper, "of equals the first")
    }

    @Test func `a library or tasks that give nothing to judge by are refused before anything is asked`()
        throws
    {
        let model = RuledModel { _, _ in true }
        let few = try Self.library.get().excluding(["wn-birds", "wn-fish"])
        let encoder = try Fixture.encoder.get()
        refusal(.trainingFailed) {
            try AnsweredTraining(
                library: few, plan: TrainingPlan(), base: "b", digest: "e", tasks: Self.tasks,
                encoder: encoder,
                model: model)
        }
        refusal(.invalidRequest) {
            try AnsweredTraining(
                library: try Self.library.get(), plan: TrainingPlan(), base: "b", digest: "e",
                tasks: [Self.tasks[5]], encoder: encoder, model: model)
        }
        #expect(model.asked.entries.withLock { $0.isEmpty })
    }
}
