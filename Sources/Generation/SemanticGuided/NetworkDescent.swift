internal import ErrorModel
internal import LinearAlgebra

/// A network whose loss has a reconstruction and a divergence, as those of conditional VAEs.
protocol LatentNetwork {
    /// All layers, in an order that never changes.
    var layers: [DenseLayer] { get set }
}

extension ConditionalVAE: LatentNetwork {}
extension TaskVAE: LatentNetwork {}

/// The loop that fits a network's layers: AdamW with a warm-up and cosine decay to zero.
struct NetworkDescent {
    let plan: TrainingPlan
    /// The weight of the divergence in the loss.
    let weight: Float
    /// The base model's name, for the error.
    let base: String

    /// Fits a network, in place.
    ///
    /// - Parameters:
    ///   - network: the network as it begins.
    ///   - progress: called with each step, from 1, and its loss; an error that it throws ends the training.
    ///   - loss: the loss of a step's batch, and its gradient with respect to the layers.
    /// - Returns: the loss, averaged over the last tenth of the steps.
    /// - Throws: `trainingFailed` if the loss diverges.
    func run<Network: LatentNetwork>(
        _ network: inout Network, _ progress: (Int, Float) throws(SgloradError) -> Void,
        loss: (Network) -> (loss: ConditionalVAE.Loss, gradients: [DenseLayer])
    ) throws(SgloradError) -> ConditionalVAE.Loss {
        var optimiser = AdamW(
            for: network.layers, learningRate: plan.learningRate, weightDecay: plan.weightDecay)
        let rate = CosineSchedule(steps: plan.steps, longestWarmup: 20)
        var tail: [ConditionalVAE.Loss] = []
        for step in 0..<plan.steps {
            let (loss, gradients) = loss(network)
            let total = loss.reconstruction + weight * loss.divergence
            guard total.isFinite else {
                throw SgloradError(
                    .trainingFailed,
                    "The loss diverged at step \(step + 1). Train again with a lower learning rate.",
                    parameters: ["base": .string(base), "reason": .string("the loss diverged")])
            }
            optimiser.update(&network.layers, by: gradients, rate: rate(step))
            if step >= plan.steps - max(1, plan.steps / 10) { tail.append(loss) }
            try progress(step + 1, total)
        }
        return ConditionalVAE.Loss(
            reconstruction: tail.reduce(0) { $0 + $1.reconstruction } / Float(tail.count),
            divergence: tail.reduce(0) { $0 + $1.divergence } / Float(tail.count))
    }
}
