public import ErrorModel
public import Generation
public import TextEncoding

/// The training of whichever system a plan names, with its verdict on left-out experts.
public enum PlannedTraining: Sendable {
    /// `sg-lora`.
    case semanticGuided(JudgedTraining)
    /// A system that learns by the tasks' loss.
    case taskTrained(JudgedSystemTraining)
    /// `icm-lora`.
    case icmLoRA(JudgedExampleTraining)

    /// Prepares a training; nothing is trained yet.
    ///
    /// - Parameters:
    ///   - library: at least two experts.
    ///   - plan: the system and its hyperparameters.
    ///   - base: the base model's name, for the record.
    ///   - digest: the digest of the text encoder, for the record.
    ///   - tasks: the experts' own tasks.
    ///   - training: texts to learn from; if empty, the tasks' own.
    ///   - texts: the digest of what is learned from, for the record.
    ///   - encoder: the text encoder; only `sg-lora` without tasks is trained without one.
    /// - Throws: as the training of the plan's system; `invalidRequest` if that reads texts and there is no encoder.
    public init(
        library: Library, plan: TrainingPlan, base: String, digest: String, tasks: [EvaluationTask],
        training: [AnsweredTexts], texts: String, encoder: SentenceEncoder?
    ) throws(SgloradError) {
        if plan.system == .sgLoRA {
            self = .semanticGuided(
                try JudgedTraining(
                    library: library, plan: plan, base: base, digest: digest, tasks: tasks,
                    training: training, encoder: encoder))
            return
        }
        guard let encoder else {
            throw .invalidRequest(
                field: "tasks",
                reason: "is missing; the system \(plan.system.rawValue) learns from the experts' tasks")
        }
        if plan.system == .icmLoRA {
            self = .icmLoRA(
                try JudgedExampleTraining(
                    library: library, plan: plan, base: base, digest: digest, tasks: tasks,
                    training: training, texts: texts, encoder: encoder))
        } else {
            self = .taskTrained(
                try JudgedSystemTraining(
                    library: library, plan: plan, base: base, digest: digest, tasks: tasks,
                    training: training, texts: texts, encoder: encoder))
        }
    }

    /// The number of steps in all.
    public var steps: Int {
        switch self {
        case .semanticGuided(let training): training.steps
        case .taskTrained(let training): training.steps
        case .icmLoRA(let training): training.steps
        }
    }

    /// Trains and judges the folds, then trains the generator and records its verdict.
    ///
    /// - Parameter progress: called after every step, by one thread at a time, with the number of ``steps`` done and the
    ///   step's loss; an error that it throws ends the training.
    /// - Throws: as the training of the system.
    public func run(
        progress: @escaping @Sendable (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> TrainedGenerator {
        switch self {
        case .semanticGuided(let training): .semanticGuided(try training.run(progress: progress))
        case .taskTrained(let training): .taskTrained(try training.run(progress: progress))
        case .icmLoRA(let training): .icmLoRA(try training.run(progress: progress))
        }
    }
}
