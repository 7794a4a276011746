public import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

/// Trains a generator on a library.
///
/// Training is deterministic: one library, plan and objective give one generator, bit for bit.
public struct GeneratorTrainer: Sendable {
    /// The state of a training after a step.
    public struct Progress: Sendable, Hashable {
        /// The number of steps done.
        public let step: Int
        /// The number of steps in all.
        public let total: Int
        /// The step's loss.
        public let loss: Float
        /// Whether the step trained the steering, which follows the network.
        public let isSteering: Bool
    }

    let library: Library
    let plan: TrainingPlan
    private let base: String
    private let encoder: String
    private let objective: (any TaskObjective)?

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - library: at least two experts.
    ///   - plan: the hyperparameters.
    ///   - base: the base model's name, for the record.
    ///   - encoder: the digest of the text encoder that made the embeddings, for the record.
    ///   - objective: the loss on the experts' tasks that trains the steering; nil trains no steering.
    /// - Throws: `invalidRequest` if the plan is out of range, `trainingFailed` for fewer than two experts.
    public init(
        library: Library, plan: TrainingPlan, base: String, encoder: String,
        objective: (any TaskObjective)? = nil
    ) throws(SgloradError) {
        try plan.validate()
        try library.requireTwoExperts(base: base)
        self.library = library
        self.plan = plan
        self.base = base
        self.encoder = encoder
        self.objective = objective
    }

    /// The same training without some experts; their tasks are not used either.
    func excluding(_ names: Set<String>) throws(SgloradError) -> GeneratorTrainer {
        let rest = library.excluding(names)
        return try GeneratorTrainer(
            library: rest, plan: plan, base: base, encoder: encoder,
            objective: objective?.restricted(to: rest.experts.map(\.name)))
    }

    /// The number of steps of a training.
    public var steps: Int {
        plan.steps * (1 + trust.fits) + (objective == nil ? 0 : plan.steeringSteps)
    }

    /// Runs the training.
    ///
    /// - Parameters:
    ///   - span: contains the library's checkpoints, and possibly others; computed if nil.
    ///   - progress: called after every step; an error that it throws ends the training.
    public func train(
        over span: CheckpointSpan? = nil, progress: (Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> SemanticGuidedGenerator {
        guard let span else { return try train(over: CheckpointSpan(library), progress: progress) }
        let fit = try fit(span, progress)
        let coordinates = PrincipalCoordinates(fit.basis, of: span)
        let steering = try steering(origin: coordinates.origin, progress)
        let record = GeneratorRecord(
            base: base, layout: library.layout, encoder: encoder,
            experts: library.identities,
            plan: plan, directions: fit.basis.count, explained: fit.basis.explained,
            unit: fit.network.experts.unit, reconstruction: fit.network.loss.reconstruction,
            divergence: fit.network.loss.divergence, threshold: library.threshold, correctionShare: fit.share,
            steering: steering.map {
                GeneratorRecord.Steering(
                    modes: $0.steering.modes, tasks: objective?.experts.count ?? 0, loss: $0.loss)
            })
        return SemanticGuidedGenerator(
            record: record, coordinates: coordinates, fitted: fit.network, steering: steering?.steering)
    }

    /// The part of a generator that is fitted to parameters alone.
    struct Fit {
        let basis: SpanBasis
        let network: FittedNetwork
        /// The share of the network's correction to apply.
        let share: Float
    }

    /// Fits basis, network and share of the correction, without reading any parameters beyond the span's
    /// inner products.
    ///
    /// - Parameters:
    ///   - span: contains the library's checkpoints.
    ///   - progress: called after every step.
    func fit(
        _ span: CheckpointSpan, _ progress: (Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> Fit {
        let total = steps
        let share = try trust.share(in: span) { place, rest throws(SgloradError) in
            let (basis, network) = try NetworkTraining(library: rest, plan: plan, base: base).fit(in: span) {
                step, loss throws(SgloradError) in
                try progress(
                    Progress(step: place * plan.steps + step, total: total, loss: loss, isSteering: false))
            }
            return CorrectionTrust.Fit(basis: basis) { expert in
                let guides = rest.index.neighbourhood(of: expert.embedding, options: plan.guidance)
                return (guides, network.correction(guides, noise: nil))
            }
        }
        let before = plan.steps * trust.fits
        let (basis, network) = try NetworkTraining(library: library, plan: plan, base: base).fit(in: span) {
            step, loss throws(SgloradError) in
            try progress(Progress(step: before + step, total: total, loss: loss, isSteering: false))
        }
        return Fit(basis: basis, network: network, share: share)
    }

    private var trust: CorrectionTrust { CorrectionTrust(library: library) }

    private func steering(
        origin: FloatVector, _ progress: (Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> (steering: Steering, loss: Float)? {
        let names = Set(library.experts.map(\.name))
        guard let objective, plan.steeringSteps > 0, objective.experts.contains(where: names.contains) else {
            return nil
        }
        let trainer = SteeringTrainer(library: library, plan: plan, objective: objective, origin: origin)
        return try trainer.train { step, loss throws(SgloradError) in
            try progress(
                Progress(step: steps - plan.steeringSteps + step, total: steps, loss: loss, isSteering: true))
        }
    }
}
