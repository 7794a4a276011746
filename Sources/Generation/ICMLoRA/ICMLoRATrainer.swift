public import ErrorModel
internal import LinearAlgebra
internal import SemanticGuidance

/// Trains an ``ICMLoRAGenerator`` on a library and its experts' training examples.
///
/// Each step pairs a checkpoint of every expert with the task vector of a fresh random subset of the expert's examples, of which
/// half have no answers. Training is deterministic: one library, examples and plan give one generator, bit for bit.
public struct ICMLoRATrainer: Sendable {
    private let library: Library
    private let examples: [ExpertExamples]
    private let plan: ICMPlan

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - library: at least two experts of one initialisation.
    ///   - examples: of each expert, by its name; none of them may be a query that the generator is judged by.
    ///   - plan: the hyperparameters.
    /// - Throws: `invalidRequest` if the plan is out of range or an expert has no examples; `trainingFailed` for fewer than two
    ///   experts.
    public init(
        library: Library, examples: [String: ExpertExamples], plan: ICMPlan
    ) throws(SgloradError) {
        try plan.validate()
        guard library.experts.count >= 2 else {
            throw SgloradError(
                .trainingFailed,
                "The library has \(library.experts.count) expert(s); a generator needs at least two. Import more with "
                    + "'sglorad-ctl expert import DIR'.",
                parameters: ["base": .string(""), "reason": .string("fewer than two experts")])
        }
        var own: [ExpertExamples] = []
        for expert in library.experts {
            guard let found = examples[expert.name] else {
                throw .invalidRequest(
                    field: "examples",
                    reason: "holds none of the expert '\(expert.name)'; icm-lora needs some of every expert")
            }
            own.append(found)
        }
        self.library = library
        self.examples = own
        self.plan = plan
    }

    /// The number of steps of ``train(over:progress:)``.
    public var steps: Int { plan.steps * (1 + fits) }

    /// The number of networks that estimate the share; none for fewer than eight experts.
    private var fits: Int { library.experts.count >= ExpertFolds.standardCount ? 2 : 0 }

    /// Runs the training.
    ///
    /// - Parameters:
    ///   - span: contains the library's checkpoints, and possibly others; computed if nil.
    ///   - progress: called after every step with its number, from 1, and its loss; an error that it throws ends the training.
    /// - Throws: `trainingFailed` if the loss diverges or the checkpoints do not differ.
    public func train(
        over span: CheckpointSpan? = nil, progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> ICMLoRAGenerator {
        guard let span else { return try train(over: CheckpointSpan(library), progress: progress) }
        let share = try share(in: span, progress)
        let before = plan.steps * fits
        var (_, generator) = try fit(span) { step, loss throws(SgloradError) in
            try progress(before + step, loss)
        }
        generator.share = share
        return generator
    }

    /// The training without some experts, and these.
    private func excluding(_ names: Set<String>) throws(SgloradError) -> ICMLoRATrainer {
        let own = Dictionary(
            zip(library.experts.map(\.name), examples), uniquingKeysWith: { first, _ in first })
        return try ICMLoRATrainer(library: library.excluding(names), examples: own, plan: plan)
    }

    /// The share of the correction that left-out experts support, as of ``CorrectionTrust``: Σ⟨δ, μ_e − μ*_t⟩ / Σ‖δ‖² over two
    /// folds, clamped to 0...1; 1 for fewer than eight experts.
    private func share(
        in span: CheckpointSpan, _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> Float {
        let folds = library.folds
        guard fits > 0 else { return 1 }
        var (product, power) = (0.0, 0.0)
        for fit in 0..<fits {
            let names = Set(folds[fit * folds.count / fits])
            let (basis, generator) = try excluding(names).fit(span) { step, loss throws(SgloradError) in
                try progress(fit * plan.steps + step, loss)
            }
            for (expert, own) in zip(library.experts, examples) where names.contains(expert.name) {
                let neighbourhood = generator.neighbourhood(of: own.whole)
                let correction = generator.correction(
                    of: own.whole, to: neighbourhood,
                    noise: Matrix(rows: 1, columns: generator.network.latent))
                let rest = library.excluding(names)
                let target = basis.coordinates(of: span.mean(of: expert))
                let start = basis.coordinates(of: span.mean(neighbourhood, in: rest))
                for place in correction.indices {
                    product += Double(correction[place]) * Double(target[place] - start[place])
                    power += Double(correction[place]) * Double(correction[place])
                }
            }
        }
        return power > 0 ? Float(min(1, max(0, product / power))) : 0
    }

    /// Fits basis and network to the library; the share is 1.
    private func fit(
        _ span: CheckpointSpan, _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (basis: SpanBasis, generator: ICMLoRAGenerator) {
        let basis = try SpanBasis(
            fitting: span.places(of: library.experts), of: span, limit: plan.directions)
        let (samples, unit) = CoordinateLibrary.normalised(
            library.experts.map { expert in
                span.places(of: [expert]).map { basis.coordinates(ofCheckpoint: $0) }
            })
        let sources = sources
        let vectors = TaskVectors(examples.map(\.whole))
        var random = CounterRandom(seed: plan.seed, stream: 3)
        var network = TaskVAE(
            coordinates: basis.count, condition: vectors.width, latent: plan.latent, width: plan.width,
            deterministic: plan.withoutLatent, random: &random)
        var optimiser = AdamW(
            for: network.layers, learningRate: plan.learningRate, weightDecay: plan.weightDecay)
        var tail: [(reconstruction: Float, divergence: Float)] = []
        let rate = CosineSchedule(steps: plan.steps, longestWarmup: 20)
        for step in 0..<plan.steps {
            var (targets, conditions) = ([[Float]](), [[Float]]())
            for (expert, source) in zip(samples.indices, sources) {
                targets.append(samples[expert][random.below(samples[expert].count)])
                let condition = vectors.condition(examples[source].drawn(plan.counts, &random))
                // The last number is a flag.
                let noise = random.gaussians(condition.count - 1) + [0]
                conditions.append(zip(condition, noise).map { $0 + plan.jitter * $1 })
            }
            let noise = Matrix(
                rows: targets.count, columns: plan.latent,
                values: random.gaussians(targets.count * plan.latent))
            let loss = network.loss(
                target: Matrix(stacking: targets), condition: Matrix(stacking: conditions), noise: noise,
                beta: plan.beta)
            let total = loss.reconstruction + plan.beta * loss.divergence
            guard total.isFinite else {
                throw SgloradError(
                    .trainingFailed,
                    "The loss diverged at step \(step + 1). Train again with a lower learning rate.",
                    parameters: ["base": .string(""), "reason": .string("the loss diverged")])
            }
            optimiser.update(&network.layers, by: loss.gradients, rate: rate(step))
            if step >= plan.steps - max(1, plan.steps / 10) {
                tail.append((loss.reconstruction, loss.divergence))
            }
            try progress(step + 1, total)
        }
        let count = Float(tail.count)
        return (
            basis,
            ICMLoRAGenerator(
                plan: plan,
                experts: library.experts.map { .init(name: $0.name, digest: $0.digest) }, share: 1,
                reconstruction: tail.reduce(0) { $0 + $1.reconstruction } / count,
                divergence: tail.reduce(0) { $0 + $1.divergence } / count,
                coordinates: PrincipalCoordinates(basis, of: span), network: network, vectors: vectors,
                statistics: CoordinateLibrary(samples, unit: unit))
        )
    }

    /// Whose examples each expert is paired with: its own, or by the ablation those of the next in a random order.
    private var sources: [Int] {
        guard plan.shuffled else { return Array(library.experts.indices) }
        var random = CounterRandom(seed: plan.seed, stream: 4)
        let order = random.permutation(library.experts.count)
        var sources = [Int](repeating: 0, count: order.count)
        for (place, expert) in order.enumerated() { sources[expert] = order[(place + 1) % order.count] }
        return sources
    }
}
