internal import Glibc
internal import LinearAlgebra

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019) over dense layers; biases do not decay.
struct AdamW: Sendable {
    let learningRate: Float
    let weightDecay: Float
    private var moments: [AdamMoments]

    /// Creates the state for layers whose order and shapes stay the same in every ``update(_:by:rate:)``.
    init(for layers: [DenseLayer], learningRate: Float, weightDecay: Float) {
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        moments = layers.flatMap { layer in
            [AdamMoments(count: layer.weight.values.count), AdamMoments(count: layer.bias.count)]
        }
    }

    /// Takes one optimiser step.
    ///
    /// - Parameter rate: the schedule's factor on the learning rate at this step.
    mutating func update(_ layers: inout [DenseLayer], by gradients: [DenseLayer], rate: Float) {
        let rate = learningRate * rate
        for index in layers.indices {
            moments[2 * index].apply(
                to: &layers[index].weight.values, gradients[index].weight.values, rate: rate,
                decay: weightDecay)
            moments[2 * index + 1].apply(
                to: &layers[index].bias, gradients[index].bias, rate: rate, decay: 0)
        }
    }
}

/// Adam's first and second moments of a vector of parameters (Kingma and Ba, 2015).
///
/// β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
public struct AdamMoments: Sendable {
    /// The number of steps taken.
    public private(set) var step = 0
    private var first: [Float]
    private var second: [Float]

    /// The state before the first step, for a vector of `count` parameters.
    public init(count: Int) {
        first = [Float](repeating: 0, count: count)
        second = [Float](repeating: 0, count: count)
    }

    /// Takes one step: `values -= rate · (m̂ / (√v̂ + ε) + decay · values)`.
    public mutating func apply(to values: inout [Float], _ gradient: [Float], rate: Float, decay: Float) {
        step += 1
        let (beta1, beta2): (Float, Float) = (0.9, 0.999)
        let correction1 = 1 - pow(beta1, Float(step))
        let correction2 = 1 - pow(beta2, Float(step))
        for place in values.indices {
            let g = gradient[place]
            first[place] = beta1 * first[place] + (1 - beta1) * g
            second[place] = beta2 * second[place] + (1 - beta2) * g * g
            let direction = (first[place] / correction1) / ((second[place] / correction2).squareRoot() + 1e-8)
            values[place] -= rate * (direction + decay * values[place])
        }
    }
}
