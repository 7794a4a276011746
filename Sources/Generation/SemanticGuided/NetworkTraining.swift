internal import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A network that was fitted to a library, in units of its principal coordinates.
struct FittedNetwork: Sendable {
    let experts: CoordinateLibrary
    let network: ConditionalVAE
    /// The loss, a mean over the last tenth of the steps.
    let loss: ConditionalVAE.Loss
}

/// Fits the conditional VAE to a library by the experts' parameters alone.
struct NetworkTraining {
    let library: Library
    let plan: TrainingPlan
    let base: String

    /// Fits a basis, then a network in its coordinates.
    ///
    /// - Parameters:
    ///   - span: holds the checkpoints of ``library``, and maybe others.
    ///   - progress: told each step, from 1, and its loss; what it throws ends the training.
    func fit(
        in span: CheckpointSpan, _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (basis: SpanBasis, network: FittedNetwork) {
        let basis = try SpanBasis(
            fitting: span.places(of: library.experts), of: span, limit: plan.directions)
        let samples = Samples(
            library.experts.map { expert in
                span.places(of: [expert]).map { basis.coordinates(ofCheckpoint: $0) }
            })
        let experts = samples.statistics
        var random = CounterRandom(seed: plan.seed, stream: 1)
        var network = ConditionalVAE(
            coordinates: basis.count, latent: plan.latent, width: plan.width,
            deterministic: plan.deterministic, random: &random)
        var optimiser = AdamW(
            for: network.layers, learningRate: plan.learningRate, weightDecay: plan.weightDecay)
        let proximities = library.experts.map {
            library.index.proximities(to: $0.embedding, by: plan.guidance.measure)
        }
        var tail: [ConditionalVAE.Loss] = []
        for step in 0..<plan.steps {
            let batch = batch(samples.values, experts, proximities, &random)
            let noise = Matrix(
                rows: batch.target.rows, columns: plan.latent,
                values: random.gaussians(batch.target.rows * plan.latent))
            let (loss, gradients) = network.loss(
                target: batch.target, condition: batch.condition, noise: noise, lambda: plan.lambda)
            let total = loss.reconstruction + plan.lambda * loss.divergence
            guard total.isFinite else {
                throw SgloradError(
                    .trainingFailed,
                    "The loss of step \(step + 1) is not a number; train again with a smaller learning rate.",
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

    /// One checkpoint of every expert, with a condition of which experts are left out at random.
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

    /// A short warm-up, then half a cosine down to nothing.
    private func rate(_ step: Int) -> Float {
        let warmup = max(1, min(20, plan.steps / 10))
        if step < warmup { return Float(step + 1) / Float(warmup) }
        let done = Float(step - warmup) / Float(max(1, plan.steps - warmup))
        return 0.5 * (1 + cos(Float.pi * done))
    }
}

/// The checkpoints' coordinates in units of their root mean square.
private struct Samples {
    let values: [[[Float]]]
    let unit: Float

    init(_ targets: [[[Float]]]) {
        let all = targets.flatMap { $0 }
        let power = all.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) * Double($1) } }
        let count = all.reduce(0) { $0 + $1.count }
        let unit = Float((power / Double(max(1, count))).squareRoot())
        self.unit = unit
        values = targets.map { $0.map { $0.map { $0 / unit } } }
    }

    /// Each expert's mean and population variance.
    var statistics: CoordinateLibrary {
        let moments = values.map { checkpoints -> (mean: [Float], variance: [Float]) in
            let share = 1 / Float(checkpoints.count)
            var mean = [Float](repeating: 0, count: checkpoints.first?.count ?? 0)
            for checkpoint in checkpoints {
                for index in mean.indices { mean[index] += share * checkpoint[index] }
            }
            var variance = [Float](repeating: 0, count: mean.count)
            for checkpoint in checkpoints {
                for index in mean.indices {
                    let distance = checkpoint[index] - mean[index]
                    variance[index] += share * distance * distance
                }
            }
            return (mean, variance)
        }
        return CoordinateLibrary(
            unit: unit, means: Matrix(stacking: moments.map(\.mean)),
            variances: Matrix(stacking: moments.map(\.variance)))
    }
}
