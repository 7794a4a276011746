import LinearAlgebra
import Testing

@testable import Generation

@Suite("ConditionalVAE")
struct ConditionalVAETests {
    private func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var random = CounterRandom(seed: seed)
        return Matrix(rows: rows, columns: columns, values: random.gaussians(rows * columns))
    }

    /// A network with constant outputs: (mean, log-variance) from encoder and prior, zero from the decoder.
    private func constant(encoder: [Float], prior: [Float]) -> ConditionalVAE {
        var random = CounterRandom(seed: 1)
        var network = ConditionalVAE(
            coordinates: 3, latent: encoder.count / 2, width: 5, random: &random)
        network.encoder.layers[1].bias = encoder
        network.prior.layers[1].bias = prior
        return network
    }

    @Test func `an untrained network gives no correction and no divergence`() {
        var random = CounterRandom(seed: 1)
        let network = ConditionalVAE(coordinates: 3, latent: 2, width: 5, random: &random)
        let (target, condition) = (matrix(4, 3, seed: 2), matrix(4, 6, seed: 3))
        let noise = matrix(4, 2, seed: 4)
        #expect(network.sample(condition: condition, noise: noise).values.allSatisfy { $0 == 0 })
        let loss = network.loss(target: target, condition: condition, noise: noise, lambda: 1).loss
        #expect(loss.divergence == 0)
        // The reconstruction loss is the distance from the condition's mean, its first three values.
        let distance = (0..<4).reduce(Float(0)) { sum, row in
            (0..<3).reduce(sum) { sum, column in
                let difference = condition[row, column] - target[row, column]
                return sum + difference * difference
            }
        }
        #expect(abs(loss.reconstruction - distance / 4) < 1e-4)
    }

    @Test func `the divergence is zero only if q equals p`() {
        let said: [Float] = [0.7, -1.2, 0.4, -2]
        func divergence(_ encoder: [Float], _ prior: [Float]) -> Float {
            constant(encoder: encoder, prior: prior).loss(
                target: matrix(4, 3, seed: 2), condition: matrix(4, 6, seed: 3), noise: matrix(4, 2, seed: 4),
                lambda: 1
            ).loss.divergence
        }
        #expect(abs(divergence(said, said)) < 1e-6)
        for place in said.indices {
            var other = said
            other[place] += 0.5
            #expect(divergence(other, said) > 0.01)
            #expect(divergence(said, other) > 0.01)
        }
    }

    @Test func `the divergence is that of two Gaussians`() {
        // KL(N(μ₁, σ₁²) ‖ N(μ₂, σ₂²)) = ½ (ln σ₂²/σ₁² + (σ₁² + (μ₁ − μ₂)²)/σ₂² − 1), with σ₁² = 1, σ₂² = 1,
        // Δμ = 2.
        let loss = constant(encoder: [2, 0], prior: [0, 0]).loss(
            target: matrix(4, 3, seed: 2), condition: matrix(4, 6, seed: 3), noise: matrix(4, 1, seed: 4),
            lambda: 1
        ).loss
        #expect(abs(loss.divergence - 2) < 1e-5)
    }

    @Test func `log-variances are clamped, so that loss and gradients stay finite`() {
        let loss = constant(encoder: [0, 1000], prior: [0, -1000]).loss(
            target: matrix(4, 3, seed: 2), condition: matrix(4, 6, seed: 3), noise: matrix(4, 1, seed: 4),
            lambda: 1
        )
        #expect(loss.loss.divergence.isFinite && loss.loss.divergence > 0)
        #expect(loss.gradients.allSatisfy { ($0.weight.values + $0.bias).allSatisfy(\.isFinite) })
    }

    @Test func `layers are read and written in the same order`() {
        var random = CounterRandom(seed: 1)
        let network = ConditionalVAE(coordinates: 3, latent: 2, width: 5, random: &random)
        var other = ConditionalVAE(coordinates: 3, latent: 2, width: 5, random: &random)
        #expect(other.encoder.layers[0].weight != network.encoder.layers[0].weight)
        other.layers = network.layers
        #expect(other.encoder.layers.map(\.weight) == network.encoder.layers.map(\.weight))
        #expect(other.prior.layers.map(\.weight) == network.prior.layers.map(\.weight))
        #expect(other.decoder.layers.map(\.weight) == network.decoder.layers.map(\.weight))
    }
}
