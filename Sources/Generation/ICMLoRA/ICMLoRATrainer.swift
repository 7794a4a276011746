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
    private let plan: TrainingPlan
    private let icm: ICMPlan
    private let base: String
    private let encoder: String
    private let digest: String

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - library: at least two experts of one initialisation.
    ///   - plan: the hyperparameters, of `icm-lora`.
    ///   - base: the base model's name, for the record.
    ///   - encoder: the digest of the text encoder that made the embeddings, for the record.
    ///   - examples: of each expert, by its name; none of them may be a query that the generator is judged by.
    ///   - digest: the digest of the examples' texts, for the record.
    /// - Throws: `invalidRequest` if the plan is out of range or an expert has no examples; `trainingFailed` for fewer than two
    ///   experts.
    public init(
        library: Library, plan: TrainingPlan, base: String, encoder: String,
        examples: [String: ExpertExamples], digest: String
    ) throws(SgloradError) {
        try plan.validate()
        guard let icm = plan.icm else {
            throw .internal("a plan of \(plan.system.rawValue) was given to a training of icm-lora")
        }
        try library.requireTwoExperts(base: base)
        let own = library.experts.compactMap { examples[$0.name] }
        guard own.count == library.experts.count else {
            throw .missingExamples(of: library.experts.map(\.name).filter { examples[$0] == nil })
        }
        self.library = library
        self.examples = own
        self.plan = plan
        self.icm = icm
        self.base = base
        self.encoder = encoder
        self.digest = digest
    }

    /// The number of steps of a training.
    public var steps: Int { Self.steps(plan, experts: library.experts.count) }

    /// The number of steps of a training on so many experts, those of the networks that estimate the share included.
    public static func steps(_ plan: TrainingPlan, experts: Int) -> Int {
        plan.steps * (1 + CorrectionTrust.fits(experts: experts))
    }

    /// The same training without some experts; their examples are not used either.
    ///
    /// - Throws: `trainingFailed` if too few experts are left.
    public func excluding(_ names: Set<String>) throws(SgloradError) -> ICMLoRATrainer {
        let own = Dictionary(
            zip(library.experts.map(\.name), examples), uniquingKeysWith: { first, _ in first })
        return try ICMLoRATrainer(
            library: library.excluding(names), plan: plan, base: base, encoder: encoder, examples: own,
            digest: digest)
    }

    /// Runs the training.
    ///
    /// - Parameters:
    ///   - span: contains the library's checkpoints, and possibly others; computed if nil.
    ///   - progress: called after every step; an error that it throws ends the training.
    /// - Throws: `trainingFailed` if the loss diverges or the checkpoints do not differ.
    public func train(
        over span: CheckpointSpan? = nil,
        progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> ICMLoRAGenerator {
        guard let span else { return try train(over: CheckpointSpan(library), progress: progress) }
        return try trained(span, progress).generator
    }

    /// Trains without some experts, and compares what is made of their examples with their parameters.
    ///
    /// All of it happens in the span of the checkpoints: no vector of D parameters is read or made.
    ///
    /// - Parameters:
    ///   - names: the experts that are left out.
    ///   - given: the examples of those that are compared, by their names.
    ///   - span: contains the whole library's checkpoints.
    ///   - progress: called after every step; an error that it throws ends the training.
    /// - Returns: the errors at z = 0, with those of the strategy `weighted-examples` as the control.
    /// - Throws: as ``train(over:progress:)``; `trainingFailed` if too few experts are left.
    public func errors(
        without names: Set<String>, given: [String: ExpertExamples], over span: CheckpointSpan,
        progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> [LeaveOutError] {
        let fold = try excluding(names)
        let (basis, generator) = try fold.trained(span, progress)
        let rest = fold.library
        return library.experts.filter { names.contains($0.name) }.compactMap { expert in
            guard let examples = given[expert.name] else { return nil }
            let guides = generator.neighbourhood(
                of: examples.whole, describedBy: expert.embedding, in: rest)
            let merged = ExampleCentroid.taskVector(of: examples.texts).map {
                span.mean(rest.index.neighbourhood(of: $0, options: plan.guidance), in: rest)
            }
            return LeaveOutError(
                expert,
                own: basis.corrected(
                    guides, by: generator.correction(of: examples.whole, to: guides),
                    share: generator.record.correctionShare, in: rest, span),
                control: merged, in: rest, span)
        }
    }

    /// Estimates the share of the correction, then trains on the whole library.
    private func trained(
        _ span: CheckpointSpan, _ progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (basis: SpanBasis, generator: ICMLoRAGenerator) {
        let total = steps
        func report(_ step: Int, _ loss: Float) throws(SgloradError) {
            try progress(
                GeneratorTrainer.Progress(step: step, total: total, loss: loss, isSteering: false))
        }
        let share = try CorrectionTrust(library: library).share(in: span) {
            place, rest throws(SgloradError) in
            let left = Set(library.experts.map(\.name)).subtracting(rest.experts.map(\.name))
            let (basis, generator) = try excluding(left).fit(span) { step, loss throws(SgloradError) in
                try report(place * plan.steps + step, loss)
            }
            return CorrectionTrust.Fit(basis: basis) { expert in
                // Only experts of the library are asked for.
                let own = library.experts.firstIndex { $0.name == expert.name }.map { examples[$0].whole }
                let vector = own ?? TaskVector(texts: [], answers: [])
                let guides = generator.neighbourhood(of: vector)
                return (guides, generator.correction(of: vector, to: guides))
            }
        }
        let before = total - plan.steps
        var (basis, generator) = try fit(span) { step, loss throws(SgloradError) in
            try report(before + step, loss)
        }
        generator.record.correctionShare = share
        return (basis, generator)
    }

    /// Fits basis and network to the library; the share is 1.
    private func fit(
        _ span: CheckpointSpan, _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (basis: SpanBasis, generator: ICMLoRAGenerator) {
        let space = try LibraryCoordinates(library, in: span, limit: plan.directions)
        let sources = sources
        let vectors = TaskVectors(examples.map(\.whole))
        var random = CounterRandom(seed: plan.seed, stream: 3)
        var network = TaskVAE(
            coordinates: space.basis.count, condition: vectors.width, latent: plan.latent,
            width: plan.width, deterministic: plan.deterministic, random: &random)
        let loss = try NetworkDescent(plan: plan, weight: icm.beta, base: base).run(&network, progress) {
            network in
            var (targets, conditions) = ([[Float]](), [[Float]]())
            for (samples, source) in zip(space.samples, sources) {
                targets.append(samples[random.below(samples.count)])
                let condition = vectors.condition(examples[source].drawn(icm.counts, &random))
                // The last number is a flag.
                let noise = random.gaussians(condition.count - 1) + [0]
                conditions.append(zip(condition, noise).map { $0 + icm.jitter * $1 })
            }
            let noise = Matrix(
                rows: targets.count, columns: plan.latent,
                values: random.gaussians(targets.count * plan.latent))
            return network.loss(
                target: Matrix(stacking: targets), condition: Matrix(stacking: conditions), noise: noise,
                beta: icm.beta)
        }
        let record = GeneratorRecord(
            base: base, layout: library.layout, encoder: encoder, experts: library.identities, plan: plan,
            directions: space.basis.count, explained: space.basis.explained, unit: space.experts.unit,
            reconstruction: loss.reconstruction, divergence: loss.divergence, threshold: library.threshold,
            correctionShare: 1,
            learned: GeneratorRecord.Learned(
                tasks: examples.count, digest: digest,
                loss: loss.reconstruction + icm.beta * loss.divergence,
                dimension: examples.first?.texts.first?.count ?? 0))
        return (
            space.basis,
            ICMLoRAGenerator(
                record: record, coordinates: PrincipalCoordinates(space.basis, of: span), network: network,
                vectors: vectors, statistics: space.experts)
        )
    }

    /// Whose examples each expert is paired with: its own, or by the ablation those of the next in a random order.
    private var sources: [Int] {
        guard icm.shuffled else { return Array(library.experts.indices) }
        var random = CounterRandom(seed: plan.seed, stream: 4)
        let order = random.permutation(library.experts.count)
        var sources = [Int](repeating: 0, count: order.count)
        for (place, expert) in order.enumerated() { sources[expert] = order[(place + 1) % order.count] }
        return sources
    }
}

extension SgloradError {
    /// Some experts have no examples to train icm-lora with.
    ///
    /// - Parameter experts: their names, of which the first ten are told.
    public static func missingExamples(of experts: [String]) -> SgloradError {
        let more = experts.count > 10 ? " and \(experts.count - 10) more" : ""
        return .invalidRequest(
            field: "training",
            reason:
                "holds no texts of \(experts.prefix(10).joined(separator: ", "))\(more), and there is no task of the name either; "
                + "icm-lora needs examples of every expert: give texts with answers in --training, or tasks in --tasks"
        )
    }
}
