import Generation
import LinearAlgebra
import LowRank
import TestSupport
import Testing

@testable import Evaluation

@Suite("Contrastive objective")
struct ContrastiveObjectiveTests {
    @Test("the gradient with respect to the embeddings equals central differences of the loss")
    func slope() {
        var random = CounterRandom(seed: 1)
        let embeddings = (0..<7).map { _ in random.gaussians(6).map { $0 * 0.3 } }
        let answers = [0, 2, 2]
        let (loss, gradients) = ContrastiveObjective.crossEntropy(embeddings, texts: 4, answers: answers)
        #expect(loss > 0)
        for row in embeddings.indices {
            for column in 0..<6 {
                var (up, down) = (embeddings, embeddings)
                up[row][column] += 1e-3
                down[row][column] -= 1e-3
                let slope =
                    (ContrastiveObjective.crossEntropy(up, texts: 4, answers: answers).loss
                        - ContrastiveObjective.crossEntropy(down, texts: 4, answers: answers).loss) / 2e-3
                #expect(abs(slope - gradients[row][column]) < 0.02 * max(1, abs(slope)))
            }
        }
    }

    @Test(
        "a step down the gradient with respect to an adapter lowers the loss of a real task",
        .needsModel)
    func downhill() throws {
        let library = try Fixture.library(Fixture.exampleExperts) { ["wn-birds", "wn-fish"].contains($0) }
        let pool = ["sparrow", "trout", "eagle", "salmon", "hawk"]
        let queries = ["a small brown bird", "a large bird of prey", "a fish of cold rivers"]
        let task = EvaluationTask(
            name: "wn-birds", description: "birds", pool: pool,
            queries: zip(queries, [0, 2, 1]).map { EvaluationTask.Query(text: $0, answer: $1) })
        let objective = ContrastiveObjective(encoder: try Fixture.encoder.get(), tasks: [task])
        var x = library.experts[1].mean.array
        func judge(_ x: [Float]) throws -> (loss: Float, gradient: [Float]) {
            var random = CounterRandom(seed: 2)
            return try objective.loss(
                of: LoRAAdapter(layout: library.layout, parameters: x), onTaskOf: "wn-birds",
                contested: ["wn-birds"], random: &random)
        }
        let (before, gradient) = try judge(x)
        let norm = gradient.reduce(0) { $0 + $1 * $1 }
        let step: Float = 0.02 / norm.squareRoot()
        for place in x.indices { x[place] -= step * gradient[place] }
        let after = try judge(x).loss
        // To first order the loss falls by step · ‖gradient‖².
        #expect(abs((before - after) / (step * norm) - 1) < 0.1)
    }
}
