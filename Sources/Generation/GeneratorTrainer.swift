public import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

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
    ///   - plan: how it trains.
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
    public var steps: Int {
        plan.steps * (1 + trust.fits) + (objective == nil ? 0 : plan.steeringSteps)
    }

    /// Runs the training to its end.
    ///
    /// - Parameter progress: called after every step; what it throws ends the training.
    public func train(
        progress: (Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> SemanticGuidedGenerator {
        let total = steps
        let share = try trust.share {
            step, loss throws(SgloradError) in
            try progress(Progress(step: step, total: total, loss: loss, isSteering: false))
        }
        let before = plan.steps * trust.fits
        let fitted = try NetworkTraining(library: library, plan: plan, base: base).fit {
            step, loss throws(SgloradError) in
            try progress(Progress(step: before + step, total: total, loss: loss, isSteering: false))
        }
        let steering = try steering(origin: fitted.coordinates.origin, progress)
        let record = GeneratorRecord(
            base: base, layout: library.layout, encoder: encoder,
            experts: library.experts.map { GeneratorRecord.Expert(name: $0.name, digest: $0.digest) },
            plan: plan, directions: fitted.coordinates.count, explained: fitted.coordinates.explained,
            unit: fitted.experts.unit, reconstruction: fitted.loss.reconstruction,
            divergence: fitted.loss.divergence,
            threshold: RefusalCalibration.threshold(
                library.foldProximities().map { RefusalCalibration.Observation(proximity: $0.proximity) }),
            correctionShare: share,
            steering: steering.map {
                GeneratorRecord.Steering(
                    modes: $0.steering.modes, tasks: objective?.experts.count ?? 0, loss: $0.loss)
            })
        return SemanticGuidedGenerator(record: record, fitted: fitted, steering: steering?.steering)
    }

    private var trust: CorrectionTrust { CorrectionTrust(library: library, plan: plan, base: base) }

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
