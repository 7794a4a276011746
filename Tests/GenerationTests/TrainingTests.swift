import ErrorModel
import Generation
import LinearAlgebra
import LowRank
import SemanticGuidance
import TestSupport
import Testing

@Suite("Training a generator")
struct TrainingTests {
    private func tensorsEqual(_ first: SemanticGuidedGenerator, _ second: SemanticGuidedGenerator) -> Bool {
        let (one, other) = (first.tensors, second.tensors)
        return one.count == other.count
            && zip(one, other).allSatisfy {
                $0.name == $1.name && $0.shape == $1.shape
                    && $0.values.array.map(\.bitPattern) == $1.values.array.map(\.bitPattern)
            }
    }

    @Test(arguments: [UInt64(1), 2]) func `training is deterministic, bit for bit`(
        seed: UInt64
    ) throws {
        var plan = smallPlan()
        plan.seed = seed
        let library = try randomLibrary(seed: seed)
        let generator = try trainedGenerator(library, plan: plan)
        let again = try trainedGenerator(randomLibrary(seed: seed), plan: plan)
        #expect(generator.record == again.record)
        #expect(tensorsEqual(generator, again))
        // The order of the experts does not matter either.
        let reversed = Library(layout: library.layout, experts: library.experts.reversed())
        #expect(try tensorsEqual(generator, trainedGenerator(reversed, plan: plan)))
        plan.seed += 1
        #expect(try !tensorsEqual(generator, trainedGenerator(library, plan: plan)))
    }

    @Test(arguments: 1...3) func `training lowers the loss`(seed: UInt64) throws {
        var losses: [Float] = []
        var plan = smallPlan(steps: 300)
        plan.learningRate = 3e-3
        let trainer = try GeneratorTrainer(
            library: randomLibrary(seed: seed), plan: plan, base: "base", encoder: "encoder")
        let generator = try trainer.train { losses.append($0.loss) }
        let first = losses.prefix(10).reduce(0, +) / 10
        let last = losses.suffix(10).reduce(0, +) / 10
        #expect(last < 0.8 * first)
        #expect(generator.record.loss < 0.8 * first)
        #expect(generator.record.reconstruction > 0 && generator.record.divergence >= 0)
    }

    @Test func `every step is reported, in order`() throws {
        var told: [GeneratorTrainer.Progress] = []
        let trainer = try GeneratorTrainer(
            library: randomLibrary(), plan: smallPlan(steps: 7), base: "base", encoder: "encoder")
        _ = try trainer.train { told.append($0) }
        #expect(told.map(\.step) == Array(1...7))
        #expect(told.allSatisfy { $0.total == 7 && $0.loss.isFinite && $0.loss > 0 })
    }

    @Test func `an error of the progress handler ends the training`() throws {
        var steps = 0
        let trainer = try GeneratorTrainer(
            library: randomLibrary(), plan: smallPlan(steps: 50), base: "base", encoder: "encoder")
        let error = #expect(throws: SgloradError.self) {
            try trainer.train { progress throws(SgloradError) in
                steps = progress.step
                if progress.step == 3 { throw .cancelled("it is enough") }
            }
        }
        #expect(error?.code == .cancelled && error?.parameters["reason"] == .string("it is enough"))
        #expect(steps == 3)
    }

    @Test func `the record describes what the generator was trained on`() throws {
        let library = try randomLibrary(experts: 4, checkpoints: 2)
        var plan = smallPlan()
        plan.directions = 64
        let record = try GeneratorTrainer(
            library: library, plan: plan, base: "minilm", encoder: "digest of an encoder"
        ).train { _ in }.record
        #expect(record.base == "minilm" && record.encoder == "digest of an encoder")
        #expect(record.layout == library.layout && record.plan == plan)
        #expect(record.experts.map(\.name) == library.experts.map(\.name))
        #expect(record.experts.map(\.digest) == library.experts.map(\.digest))
        // Eight checkpoints span seven directions around their mean, whatever the limit.
        #expect(record.directions == 7)
        #expect(abs(record.explained - 1) < 1e-6)
        let fewer = try trainedGenerator(library, plan: smallPlan(steps: 1)).record
        #expect(fewer.directions == 7)
        plan.directions = 3
        let three = try trainedGenerator(library, plan: plan).record
        #expect(three.directions == 3 && three.explained < 1)
    }

    @Test func `a plan out of range is refused`() throws {
        var plan = smallPlan()
        plan.steps = 0
        let library = try randomLibrary()
        let error = refusal(.invalidRequest) {
            try GeneratorTrainer(library: library, plan: plan, base: "base", encoder: "encoder")
        }
        #expect(error?.parameters["field"] == .string("steps"))
    }

    @Test(arguments: [0, 1]) func `fewer than two experts are refused, with a remedy`(count: Int) throws {
        let library = try randomLibrary(experts: count)
        let error = refusal(.trainingFailed) {
            try GeneratorTrainer(library: library, plan: smallPlan(), base: "minilm", encoder: "encoder")
        }
        #expect(error?.parameters["base"] == .string("minilm"))
        #expect(error?.message.contains("expert import") == true)
    }

    @Test func `identical experts are refused`() throws {
        let layout = try randomLibrary().layout
        let sample = [Float](repeating: 0.5, count: layout.parameterCount)
        let library = Library(
            layout: layout,
            experts: ["a", "b", "c"].map {
                libraryExpert($0, samples: [sample, sample], embedding: unit([1, 2, 3]))
            })
        let error = refusal(.trainingFailed) { try trainedGenerator(library) }
        #expect(error?.message.contains("alike") == true)
    }
}
