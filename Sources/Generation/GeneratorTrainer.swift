public import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Trains a generator on a library.
///
/// Deterministic: one library and one plan give one generator, byte for byte.
public struct GeneratorTrainer: Sendable {
    /// Where a training stands after a step.
    public struct Progress: Sendable, Hashable {
        /// How many steps are done.
        public let step: Int
        /// How many there are.
        public let total: Int
        /// The step's loss.
        public let loss: Float
        /// Whether the steering is being trained, after the network.
        public let isSteering: Bool
    }

    private let library: Library
    private let plan: TrainingPlan
    private let base: String
    private let encoder: String
    private let objective: (any TaskObjective)?

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - library: at least two experts.
    ///   - base: the base model's name, for the record.
    ///   - encoder: the digest of the text encoder that made the embeddings, for the record.
    ///   - objective: what judges adapters on the experts' tasks; nil trains no steering.
    /// - Throws: `invalidRequest` for a plan out of range, `trainingFailed` for a library of fewer than two experts.
    public init(
        library: Library, plan: TrainingPlan, base: String, encoder: String,
        objective: (any TaskObjective)? = nil
    ) throws(SgloradError) {
        try plan.validate()
        guard library.experts.count >= 2 else {
            throw SgloradError(
                .trainingFailed,
                "The library of '\(base)' has \(library.experts.count) expert(s); a generator needs at least two. "
                    + "Import more with 'sglorad-ctl expert import DIR'.",
                parameters: ["base": .string(base), "reason": .string("fewer than two experts")])
        }
        self.library = library
        self.plan = plan
        self.base = base
        self.encoder = encoder
        self.objective = objective
    }

    /// How many steps a training takes in all.
    public var steps: Int { plan.steps + (objective == nil ? 0 : plan.steeringSteps) }

    /// Runs the training to its end.
    ///
    /// - Parameter progress: called after every step; what it throws ends the training.
    public func train(progress: (Progress) throws(SgloradError) -> Void) throws(SgloradError)
        -> SemanticGuidedGenerator
    {
        let coordinates = try PrincipalCoordinates(
            fitting: library.experts.flatMap(\.checkpoints), limit: plan.directions)
        let targets = library.experts.map { expert in expert.checkpoints.map(coordinates.coordinates(of:)) }
        let samples = Self.scaled(targets)
        let experts = Self.statistics(samples)

        var random = CounterRandom(seed: plan.seed, stream: 1)
        var network = ConditionalVAE(
            coordinates: coordinates.count, latent: plan.latent, width: plan.width,
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
            try progress(Progress(step: step + 1, total: steps, loss: total, isSteering: false))
        }
        let steering = try steering(origin: coordinates.origin, progress)
        let record = GeneratorRecord(
            base: base, layout: library.layout, encoder: encoder,
            experts: library.experts.map { GeneratorRecord.Expert(name: $0.name, digest: $0.digest) },
            plan: plan, directions: coordinates.count, explained: coordinates.explained, unit: experts.unit,
            reconstruction: tail.reduce(0) { $0 + $1.reconstruction } / Float(tail.count),
            divergence: tail.reduce(0) { $0 + $1.divergence } / Float(tail.count),
            steering: steering.map {
                GeneratorRecord.Steering(
                    modes: $0.steering.modes, tasks: objective?.experts.count ?? 0, loss: $0.loss)
            })
        return SemanticGuidedGenerator(
            record: record, coordinates: coordinates, experts: experts, network: network,
            steering: steering?.steering)
    }

    private func steering(
        origin: FloatVector, _ progress: (Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (steering: Steering, loss: Float)? {
        let names = Set(library.experts.map(\.name))
        guard let objective, plan.steeringSteps > 0, objective.experts.contains(where: names.contains) else {
            return nil
        }
        let trainer = SteeringTrainer(library: library, plan: plan, objective: objective, origin: origin)
        return try trainer.train { step, loss throws(SgloradError) in
            try progress(Progress(step: plan.steps + step, total: steps, loss: loss, isSteering: true))
        }
    }

    /// One checkpoint of every expert, with a condition of which experts are left out at random.
    private func batch(
        _ samples: [[[Float]]], _ experts: CoordinateLibrary, _ proximities: [[Float]],
        _ random: inout CounterRandom
    ) -> (target: Matrix, condition: Matrix) {
        var targets: [[Float]] = []
        var conditions: [[Float]] = []
        for expert in samples.indices {
            var left = Set(samples.indices.filter { _ in random.uniform() < plan.dropout })
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

    private struct Samples {
        var values: [[[Float]]]
        var unit: Float
    }

    private static func scaled(_ targets: [[[Float]]]) -> Samples {
        let all = targets.flatMap { $0 }
        let power = all.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) * Double($1) } }
        let count = all.reduce(0) { $0 + $1.count }
        let unit = Float((power / Double(max(1, count))).squareRoot())
        return Samples(values: targets.map { $0.map { $0.map { $0 / unit } } }, unit: unit)
    }

    private static func statistics(_ samples: Samples) -> CoordinateLibrary {
        let moments = samples.values.map { checkpoints -> (mean: [Float], variance: [Float]) in
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
            unit: samples.unit, means: Matrix(stacking: moments.map(\.mean)),
            variances: Matrix(stacking: moments.map(\.variance)))
    }
}
