import LinearAlgebra
import Testing

@testable import Generation

/// Gradients compared with central differences of the loss.
@Suite("Gradients")
struct GradientTests {
    /// Expects the gradients with respect to all weights and biases to equal central differences.
    ///
    /// Short steps drown in the rounding of single precision, and long steps cross the kinks of ReLUs. The
    /// step is a compromise, and a layer's gradient is compared as a whole.
    private func expectGradients(
        _ layers: [DenseLayer], _ gradients: [DenseLayer], step: Float = 1e-3,
        within tolerance: Double = 0.02,
        loss: ([DenseLayer]) -> Double, location: SourceLocation = #_sourceLocation
    ) {
        for index in layers.indices {
            var changed = layers
            var numeric: [Double] = []
            for place in layers[index].weight.values.indices {
                let value = layers[index].weight.values[place]
                changed[index].weight.values[place] = value + step
                let above = loss(changed)
                changed[index].weight.values[place] = value - step
                numeric.append((above - loss(changed)) / (2 * Double(step)))
                changed[index].weight.values[place] = value
            }
            for place in layers[index].bias.indices {
                let value = layers[index].bias[place]
                changed[index].bias[place] = value + step
                let above = loss(changed)
                changed[index].bias[place] = value - step
                numeric.append((above - loss(changed)) / (2 * Double(step)))
                changed[index].bias[place] = value
            }
            let exact = (gradients[index].weight.values + gradients[index].bias).map(Double.init)
            let size = numeric.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let distance = zip(exact, numeric).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
            #expect(
                distance <= tolerance * size + 1e-2, "layer \(index): \(distance) of \(size)",
                sourceLocation: location)
        }
    }

    private func matrix(_ rows: Int, _ columns: Int, _ random: inout CounterRandom) -> Matrix {
        Matrix(rows: rows, columns: columns, values: random.gaussians(rows * columns))
    }

    /// The same layers with random weights and biases, so that no output is zero.
    private func randomised(_ layers: [DenseLayer], _ random: inout CounterRandom) -> [DenseLayer] {
        layers.map { layer in
            DenseLayer(
                weight: Matrix(
                    rows: layer.weight.rows, columns: layer.weight.columns,
                    values: random.gaussians(layer.weight.values.count).map { $0 * 0.4 }),
                bias: random.gaussians(layer.bias.count).map { $0 * 0.3 })
        }
    }

    @Test(arguments: 1...4) func `a perceptron's gradients with respect to layers and input are correct`(
        seed: UInt64
    ) {
        var random = CounterRandom(seed: seed)
        var network = Perceptron(widths: [5, 7, 6, 3], silentOutput: false, random: &random)
        network.layers = randomised(network.layers, &random)
        let x = matrix(4, 5, &random)
        let pull = matrix(4, 3, &random)
        func loss(_ layers: [DenseLayer], _ x: Matrix) -> Double {
            zip(Perceptron(layers: layers)(x).values, pull.values).reduce(0) {
                $0 + Double($1.0) * Double($1.1)
            }
        }
        let step = network.backward(network.forward(x), gradient: pull)
        expectGradients(network.layers, step.layers) { loss($0, x) }
        for place in x.values.indices {
            var (above, below) = (x, x)
            above.values[place] += 1e-3
            below.values[place] -= 1e-3
            let numeric = (loss(network.layers, above) - loss(network.layers, below)) / 2e-3
            #expect(abs(numeric - Double(step.input.values[place])) < 0.05 * max(1, abs(numeric)))
        }
    }

    @Test(arguments: [(UInt64(1), Float(1)), (2, 1), (3, 0.1), (4, 0), (5, 3)])
    func `the gradients of the loss with respect to all three networks are correct`(
        seed: UInt64, lambda: Float
    ) {
        var random = CounterRandom(seed: seed)
        var network = ConditionalVAE(coordinates: 3, latent: 2, width: 6, random: &random)
        network.layers = randomised(network.layers, &random)
        let (target, condition) = (matrix(5, 3, &random), matrix(5, 6, &random))
        let noise = matrix(5, 2, &random)
        let gradients = network.loss(
            target: target, condition: condition, noise: noise, lambda: lambda
        ).gradients
        #expect(gradients.count == network.layers.count)
        expectGradients(network.layers, gradients) { layers in
            var changed = network
            changed.layers = layers
            let loss = changed.loss(
                target: target, condition: condition, noise: noise, lambda: lambda
            ).loss
            return Double(loss.reconstruction) + Double(lambda) * Double(loss.divergence)
        }
    }

    @Test(arguments: [Float(-30), 30]) func `no gradient flows through a clamped log-variance`(
        spread: Float
    ) throws {
        var random = CounterRandom(seed: 6)
        var network = ConditionalVAE(coordinates: 3, latent: 2, width: 6, random: &random)
        network.layers = randomised(network.layers, &random)
        // The second of two log-variances of encoder and prior is far out of bounds.
        let (encoder, prior) = (1, 3)
        for index in [encoder, prior] { network.layers[index].bias[3] = spread }
        let (target, condition) = (matrix(5, 3, &random), matrix(5, 6, &random))
        // Without noise the reconstruction does not depend on the variance, which at e⁸ would dominate
        // everything else.
        let noise = Matrix(rows: 5, columns: 2)
        let gradients = network.loss(
            target: target, condition: condition, noise: noise, lambda: 1
        ).gradients
        for index in [encoder, prior] {
            #expect(gradients[index].bias[3] == 0)
            #expect(gradients[index].weight.row(3).allSatisfy { $0 == 0 })
            #expect(gradients[index].bias[2] != 0)
        }
        // Out of bounds the loss is constant.
        var moved = network
        for index in [encoder, prior] { moved.layers[index].bias[3] += spread > 0 ? 1 : -1 }
        let before = network.loss(target: target, condition: condition, noise: noise, lambda: 1).loss
        let after = moved.loss(target: target, condition: condition, noise: noise, lambda: 1).loss
        #expect(before.reconstruction == after.reconstruction && before.divergence == after.divergence)
        guard spread > 0 else { return }
        expectGradients(network.layers, gradients) { layers in
            var changed = network
            changed.layers = layers
            let loss = changed.loss(target: target, condition: condition, noise: noise, lambda: 1).loss
            return Double(loss.reconstruction) + Double(loss.divergence)
        }
    }
}
