import LinearAlgebra
import SemanticGuidance
import Testing

@testable import Generation

@Suite("Errors of left-out experts")
struct LeaveOutErrorTests {
    @Test func `what is judged in the span is what a generator makes`() throws {
        let library = try randomLibrary(experts: 9, checkpoints: 2)
        var plan = smallPlan(steps: 60)
        plan.learningRate = 3e-3
        let folds = LeaveOut(library: library, plan: plan, base: "base", encoder: "encoder")
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
                    Neighbourhood(
                        proximities: fold.library.index.proximities(to: expert.embedding, by: .plain),
                        options: .paper), of: fold.library.experts.map(\.mean))
                let mean = try MeanGenerator().parameters(guidedBy: guides, in: fold.library, seed: 0)
                let scale = squaredDistance(mean, expert.mean)
                #expect(abs(squaredDistance(made, expert.mean) / scale - error.sgLoRA) < 1e-4)
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
