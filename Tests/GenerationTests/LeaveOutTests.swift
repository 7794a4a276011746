import LinearAlgebra
import SemanticGuidance
import Testing

@testable import Generation

@Suite("LeaveOut")
struct LeaveOutTests {
    @Test func `errors computed in the span are those of generated adapters`() throws {
        let library = try randomLibrary(experts: 9, checkpoints: 2)
        var plan = smallPlan(steps: 60)
        plan.learningRate = 3e-3
        let folds = LeaveOut(
            try GeneratorTrainer(library: library, plan: plan, base: "base", encoder: "encoder"))
        let span = try CheckpointSpan(library)
        var judged = 0
        for index in 0..<folds.count {
            let fold = try folds.train(index, over: span) { _ in }
            for error in try folds.errors(index, over: span, progress: { _ in }) {
                let expert = try #require(fold.left.first { $0.name == error.expert })
                let guides = fold.generator.neighbourhood(of: expert.embedding, in: fold.library)
                let made = try fold.generator.parameters(
                    guidedBy: guides, in: fold.library, seed: 0, sampling: .mean)
                let merged = SemanticPrior.mean(
                    fold.library.index.neighbourhood(of: expert.embedding, options: .paper),
                    of: fold.library.experts.map(\.mean))
                let mean = try MeanGenerator().parameters(guidedBy: guides, in: fold.library, seed: 0)
                let scale = squaredDistance(mean, expert.mean)
                #expect(abs(squaredDistance(made, expert.mean) / scale - error.own) < 1e-4)
                #expect(abs(squaredDistance(merged, expert.mean) / scale - error.weighted) < 1e-4)
                judged += 1
            }
        }
        #expect(judged == 9)
    }

    private func squaredDistance(_ first: [Float], _ second: FloatVector) -> Double {
        zip(first, second.array).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    }
}

@Suite("ExpertFolds")
struct ExpertFoldsTests {
    @Test func `the hash is FNV-1a`() {
        // Test vectors of RFC 9923.
        #expect(StableHash.of("") == 0xCBF2_9CE4_8422_2325)
        #expect(StableHash.of("a") == 0xAF63_DC4C_8601_EC8C)
        #expect(StableHash.of("foobar") == 0x8594_4171_F739_67E8)
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 24, 68])
    func `folds are balanced and complete`(count: Int) {
        let names = (0..<count).map { "expert-\($0)" }
        let folds = ExpertFolds(names: names).folds
        #expect(folds.count == min(8, count))
        #expect(folds.flatMap(\.self).sorted() == names.sorted())
        let sizes = folds.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }

    @Test func `the order of names does not matter`() {
        let names = ["wn-birds", "wn-fish", "bank-1", "hwu-0", "clinc-home-1", "wn-trees"]
        let folds = ExpertFolds(names: names, count: 3)
        #expect(folds == ExpertFolds(names: names.reversed(), count: 3))
        // A change of the assignment would make reports incomparable with earlier ones.
        #expect(
            folds.folds == [["bank-1", "clinc-home-1"], ["wn-birds", "wn-fish"], ["hwu-0", "wn-trees"]])
    }
}
