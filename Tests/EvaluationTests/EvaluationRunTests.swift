import ErrorModel
import Evaluation
import Foundation
import Generation
import Synchronization
import TestSupport
import Testing

/// Complete evaluations of the example library with the real model.
@Suite("EvaluationRun", .needsModel)
struct EvaluationRunTests {
    private static let names: Set = ["wn-birds", "wn-fish", "wn-trees", "clinc-banking-0"]
    private static let library = Result { try Fixture.library(Fixture.exampleExperts, where: names.contains) }

    private static func trained() throws -> GuidedGenerator {
        let library = try library.get()
        let trainer = try GeneratorTrainer(
            library: library, plan: Fixture.plan(), base: "minilm", encoder: "e")
        return GuidedGenerator(generator: try trainer.train { _ in }, library: library)
    }

    private static let tasks = [
        Fixture.small("reptiles", family: "wn", split: .heldOut), Fixture.small("wn-birds", family: "wn"),
        Fixture.small("wn-fish", family: "wn", split: .expert),
        Fixture.small("clinc-banking-0", family: "clinc"),
        Fixture.small("wn-nothing", split: .expert), Fixture.small("wn-trees", split: .heldOut),
    ]

    @Test func `every method is judged in the parts it applies to`() throws {
        var options = EvaluationOptions()
        options.resamples = 200
        options.costs = true
        let reports = Mutex<[EvaluationProgress]>([])
        let library = try Self.library.get()
        let evaluation = try Fixture.evaluation(
            library, generator: try Self.trained(), options: options,
            systems: try Fixture.systems(library, Self.tasks), sizes: [.sgLoRA: 5, .loRAGen: 7])
        let report = try evaluation.run(Self.tasks) { progress in reports.withLock { $0.append(progress) } }
        #expect(report.parts.map(\.name) == ["held-out", "leave-out"])
        // What needs examples is judged where there are some.
        let all = StandardMethod.allCases.filter { !$0.needsExamples }.map(\.rawValue)
        #expect(report.parts[0].groups.map(\.family) == [nil])
        #expect(report.parts[0].groups[0].methods.map(\.method) == all.filter { $0 != "oracle" })
        #expect(report.parts[1].groups.map(\.family) == [nil, "clinc", "wn"])
        #expect(report.parts[1].groups.map(\.tasks) == [3, 1, 2])
        #expect(report.parts[1].groups.allSatisfy { $0.methods.map(\.method) == all })
        let costs = try #require(report.costs)
        #expect(costs.map(\.method) == all.filter { $0 != "base" && $0 != "oracle" })
        #expect(costs.allSatisfy { $0.milliseconds > 0 })
        let served = costs.filter { $0.generatorBytes != nil }
        #expect(
            served.map(\.method) == [
                "sg-lora-mean", "sg-lora", "sg-lora-densest", "sg-lora-nonsense", "lora-gen",
                "lora-gen-constant",
            ])
        #expect(Set(served.map(\.generatorBytes)) == [5, 7])
        #expect(report.notes.count == 3)
        #expect(report.notes[0].contains("wn-nothing") && report.notes[1].contains("wn-trees"))
        #expect(report.notes[2].contains("no generator of its system serves: icm-lora, icm-lora-mean"))
        #expect(
            report.parts[1].tasks.map(\.name) == ["wn-birds", "wn-fish", "clinc-banking-0"],
            "in the order of the input")
        // A left-out expert does not guide its own task.
        #expect(report.parts[1].tasks.allSatisfy { $0.nearest != $0.name })
        #expect(Set(report.map.map(\.kind)) == ["expert", "task"])
        #expect(report.map.count == 4 + 1)
        for method in report.parts[1].groups[0].methods {
            #expect(method.recallAt1.lower <= method.recallAt1.mean + 1e-9, "\(method.method)")
            #expect((method.againstBase == nil) == (method.method == "base"))
            #expect((method.againstWeighted == nil) == (method.method == "weighted"))
        }
        let progress = reports.withLock { $0 }
        for stage in [EvaluationProgress.Stage.training, .evaluating] {
            let own = progress.filter { $0.stage == stage }
            #expect(own.first?.done == 0 && own.map(\.done).max() == own.first?.total)
        }
    }

    @Test func `the report is deterministic, whatever the number of threads`() throws {
        var options = EvaluationOptions()
        options.resamples = 100
        options.methods = [.base, .mean, .weighted, .sgLoRA] + StandardMethod.taskTrained
        let coder = JSONEncoder()
        coder.outputFormatting = .sortedKeys
        let generator = try Self.trained()
        let systems = try Fixture.systems(try Self.library.get(), Self.tasks)
        func bytes(threads: Int, seed: UInt64) throws -> Data {
            options.threads = threads
            options.seed = seed
            let evaluation = try Fixture.evaluation(
                try Self.library.get(), generator: generator, options: options, systems: systems)
            return try coder.encode(try evaluation.run(Self.tasks) { _ in })
        }
        let first = try bytes(threads: 2, seed: 4)
        #expect(first == (try bytes(threads: 1, seed: 4)))
        #expect(first != (try bytes(threads: 2, seed: 5)))
    }

    @Test func `auto is the base model if refused, otherwise the chosen method`() throws {
        var options = EvaluationOptions()
        options.leaveOut = false
        options.methods = [.base, .weighted, .auto]
        func figures(_ choice: StandardMethod) throws -> [String: Double] {
            let evaluation = try Fixture.evaluation(try Self.library.get(), options: options) { _ in choice }
            let report = try evaluation.run(Self.tasks) { _ in }
            return Dictionary(
                uniqueKeysWithValues: report.parts[0].tasks[0].figures.map {
                    ($0.method, $0.meanReciprocalRank)
                })
        }
        let refused = try figures(.base)
        #expect(refused["auto"] == refused["base"])
        let taken = try figures(.weighted)
        #expect(taken["auto"] == taken["weighted"])
    }

    @Test func `without a generator the report notes the missing methods`() throws {
        var options = EvaluationOptions()
        options.leaveOut = false
        let evaluation = try Fixture.evaluation(try Self.library.get(), options: options)
        let report = try evaluation.run([Fixture.small("reptiles")]) { _ in }
        #expect(report.notes.contains { $0.contains("sg-lora") && $0.contains("no generator") })
        #expect(!report.parts[0].groups[0].methods.contains { $0.method == "sg-lora" })
        let learned = StandardMethod.taskTrained.map(\.rawValue)
        #expect(report.notes.contains { note in learned.allSatisfy(note.contains) })
        #expect(!report.parts[0].groups[0].methods.contains { learned.contains($0.method) })
    }

    @Test func `tasks outside the requested parts are refused`() throws {
        var options = EvaluationOptions()
        options.heldOut = false
        let evaluation = try Fixture.evaluation(try Self.library.get(), options: options)
        let error = #expect(throws: SgloradError.self) {
            try evaluation.run([Fixture.small("reptiles")]) { _ in }
        }
        #expect(error?.code == .invalidRequest)
    }

    @Test func `methods are parsed by name`() throws {
        #expect(try EvaluationOptions.methods(named: ["sg-lora", "base"]) == [.base, .sgLoRA])
        let error = #expect(throws: SgloradError.self) { try EvaluationOptions.methods(named: ["best"]) }
        #expect(error?.message.contains("weighted-tuned") == true)
    }
}
