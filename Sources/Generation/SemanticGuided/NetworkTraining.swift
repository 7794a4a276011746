internal import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

/// Fits a ``ConditionalVAE`` to a library, using the experts' parameters alone.
struct NetworkTraining {
    let library: Library
    let plan: TrainingPlan
    let base: String

    /// Fits a basis, then a network in its coordinates.
    ///
    /// - Parameters:
    ///   - span: contains the checkpoints of ``library``, and possibly others.
    ///   - progress: called with each step, from 1, and its loss; an error that it throws ends the training.
    /// - Throws: `trainingFailed` if the loss diverges or the checkpoints do not differ.
    func fit(
        in span: CheckpointSpan, _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (basis: SpanBasis, network: FittedNetwork) {
        let basis = try SpanBasis(
            fitting: span.places(of: library.experts), of: span, limit: plan.directions)
        let (samples, unit) = CoordinateLibrary.normalised(
            library.experts.map { expert in
                span.places(of: [expert]).map { basis.coordinates(ofCheckpoint: $0) }
            })
        let experts = CoordinateLibrary(samples, unit: unit)
        var random = CounterRandom(seed: plan.seed, stream: 1)
        var network = ConditionalVAE(
            coordinates: basis.count, latent: plan.latent, width: plan.width,
            deterministic: plan.deterministic, random: &random)
        var optimiser = AdamW(
            for: network.layers, learningRate: plan.learningRate, weightDecay: plan.weightDecay)
        let proximities = library.experts.map {
            library.index.proximities(to: $0.embedding, by: plan.guidance.measure)
        }
        let rate = CosineSchedule(steps: plan.steps, longestWarmup: 20)
        var tail: [ConditionalVAE.Loss] = []
        for step in 0..<plan.steps {
            let batch = batch(samples, experts, proximities, &random)
            let noise = Matrix(
                rows: batch.target.rows, columns: plan.latent,
                values: random.gaussians(batch.target.rows * plan.latent))
            let (loss, gradients) = network.loss(
                target: batch.target, condition: batch.condition, noise: noise, lambda: plan.lambda)
            let total = loss.reconstruction + plan.lambda * loss.divergence
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
        let loss = ConditionalVAE.Loss(
            reconstruction: tail.reduce(0) { $0 + $1.reconstruction } / Float(tail.count),
            divergence: tail.reduce(0) { $0 + $1.divergence } / Float(tail.count))
        return (basis, FittedNetwork(experts: experts, network: network, loss: loss))
    }

    /// One random checkpoint of every expert as the target, with a condition from a random subset of experts.
    private func batch(
        _ samples: [[[Float]]], _ experts: CoordinateLibrary, _ proximities: [[Float]],
        _ random: inout CounterRandom
    ) -> (target: Matrix, condition: Matrix) {
        var targets: [[Float]] = []
        var conditions: [[Float]] = []
        for expert in samples.indices {
            var left = Set(
                samples.indices.filter {
                    random.uniform() < ($0 == expert ? plan.ownDropout : plan.dropout)
                })
            if left.count == samples.count { left.remove(random.below(samples.count)) }
            let neighbourhood = Neighbourhood(
                proximities: proximities[expert], options: plan.guidance, excluding: left)
            targets.append(samples[expert][random.below(samples[expert].count)])
            conditions.append(experts.condition(neighbourhood))
        }
        return (Matrix(stacking: targets), Matrix(stacking: conditions))
    }
}
