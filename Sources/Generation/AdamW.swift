internal import LinearAlgebra

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019); biases do not decay.
struct AdamW: Sendable {
    let learningRate: Float
    let weightDecay: Float
    private var step = 0
    private var moments: [Moments]

    private struct Moments: Sendable {
        var first: [Float]
        var second: [Float]
    }

    /// The state for some layers, whose order stays the same in every ``update(_:by:rate:)``.
    init(for layers: [DenseLayer], learningRate: Float, weightDecay: Float) {
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        moments = layers.flatMap { layer in
            [layer.weight.values.count, layer.bias.count].map { count in
                Moments(
                    first: [Float](repeating: 0, count: count), second: [Float](repeating: 0, count: count))
            }
        }
    }

    /// One step.
    ///
    /// - Parameter rate: what the learning rate is multiplied by at this step.
    mutating func update(_ layers: inout [DenseLayer], by gradients: [DenseLayer], rate: Float) {
        step += 1
        for index in layers.indices {
            apply(&layers[index].weight.values, gradients[index].weight.values, 2 * index, rate, weightDecay)
            apply(&layers[index].bias, gradients[index].bias, 2 * index + 1, rate, 0)
        }
    }

    private mutating func apply(
        _ values: inout [Float], _ gradient: [Float], _ slot: Int, _ rate: Float, _ decay: Float
    ) {
        let beta1: Float = 0.9
        let beta2: Float = 0.999
        let correction1 = 1 - pow(beta1, Float(step))
        let correction2 = 1 - pow(beta2, Float(step))
        let learningRate = learningRate * rate
        for place in values.indices {
            let g = gradient[place]
            moments[slot].first[place] = beta1 * moments[slot].first[place] + (1 - beta1) * g
            moments[slot].second[place] = beta2 * moments[slot].second[place] + (1 - beta2) * g * g
            let direction =
                (moments[slot].first[place] / correction1)
                / ((moments[slot].second[place] / correction2).squareRoot() + 1e-8)
            values[place] -= learningRate * (direction + decay * values[place])
        }
    }
}
