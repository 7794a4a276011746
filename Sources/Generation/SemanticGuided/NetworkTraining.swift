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
        let space = try LibraryCoordinates(library, in: span, limit: plan.directions)
        var random = CounterRandom(seed: plan.seed, stream: 1)
        var network = ConditionalVAE(
            coordinates: space.basis.count, latent: plan.latent, width: plan.width,
            deterministic: plan.deterministic, random: &random)
        let proximities = library.experts.map {
            library.index.proximities(to: $0.embedding, by: plan.guidance.measure)
        }
        let loss = try NetworkDescent(plan: plan, weight: plan.lambda, base: base).run(&network, progress) {
            network in
            let batch = batch(space.samples, space.experts, proximities, &random)
            let noise = Matrix(
                rows: batch.target.rows, columns: plan.latent,
                values: random.gaussians(batch.target.rows * plan.latent))
            return network.loss(
                target: batch.target, condition: batch.condition, noise: noise, lambda: plan.lambda)
        }
        return (space.basis, FittedNetwork(experts: space.experts, network: network, loss: loss))
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
