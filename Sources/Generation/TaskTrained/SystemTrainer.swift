public import ErrorModel
internal import LowRank
internal import SemanticGuidance

/// Trains a generator of a system that learns from the loss on the experts' own tasks.
///
/// Training is deterministic: one library, plan and objective give one generator, bit for bit, whatever the number of threads.
public struct SystemTrainer: Sendable {
    let library: Library
    private let plan: TrainingPlan
    private let taskPlan: TaskTrainingPlan
    private let base: String
    private let encoder: String
    private let objective: any TaskObjective
    private let digest: String
    private let states: StateEncoding?

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - library: at least two experts, none of them foreign.
    ///   - plan: the hyperparameters, of a system that is trained by tasks.
    ///   - base: the base model's name, for the record.
    ///   - encoder: the digest of the text encoder that made the embeddings, for the record.
    ///   - objective: the loss on the experts' tasks.
    ///   - digest: the digest of the tasks' texts, for the record.
    ///   - states: encodes the experts' descriptions, for a system that reads more of them than the embedding.
    /// - Throws: `invalidRequest` if the plan is out of range; `trainingFailed` for fewer than two experts, or if no expert of
    ///   the library has a task.
    public init(
        library: Library, plan: TrainingPlan, base: String, encoder: String, objective: any TaskObjective,
        digest: String, states: StateEncoding? = nil
    ) throws(SgloradError) {
        try plan.validate()
        guard let taskPlan = plan.taskTraining else {
            throw .internal("a plan of \(plan.system.rawValue) was given to a training by tasks")
        }
        try library.requireTwoExperts(base: base)
        let names = Set(library.experts.map(\.name))
        guard objective.experts.contains(where: names.contains) else {
            throw .trainingFailed(
                base: base, reason: "none of the \(library.experts.count) experts has a task to learn from",
                remedy: "Give tasks of more experts, each named as its expert.")
        }
        if taskPlan.tensor == .ring, TensorForm.ringRank(of: library.layout.rank) == nil {
            throw .invalidRequest(
                field: "tensor",
                reason:
                    "is ring, which folds into square ranks alone, and the library's rank is \(library.layout.rank); take cp"
            )
        }
        self.library = library
        self.plan = plan
        self.taskPlan = taskPlan
        self.base = base
        self.encoder = encoder
        self.objective = objective
        self.digest = digest
        self.states = states
    }

    /// The same training without some experts; their tasks are not used either.
    ///
    /// - Throws: `trainingFailed` if too few experts or tasks are left.
    public func excluding(_ names: Set<String>) throws(SgloradError) -> SystemTrainer {
        let rest = library.excluding(names)
        return try SystemTrainer(
            library: rest, plan: plan, base: base, encoder: encoder,
            objective: objective.restricted(to: rest.experts.map(\.name)), digest: digest,
            states: states)
    }

    /// Whether enough experts and tasks are left to train without some experts.
    public func canTrain(without names: Set<String>) -> Bool {
        let rest = library.experts.map(\.name).filter { !names.contains($0) }
        return rest.count >= 2 && objective.experts.contains(where: Set(rest).contains)
    }

    /// The number of steps of a training.
    public var steps: Int { plan.steps }

    /// The adapter that a trained system must beat: its own for no description or, if it reads none, the library's mean, from
    /// which it began.
    public func control(of generator: TaskTrainedGenerator) throws(SgloradError) -> [Float] {
        generator.dependsOnTask ? generator.control : try library.mean()
    }

    /// Runs the training.
    ///
    /// - Parameter progress: called after every step; an error that it throws ends the training.
    public func train(
        _ progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> TaskTrainedGenerator {
        let start = try start()
        var conditions: [TaskCondition] = []
        for expert in library.experts {
            let states =
                try start.readsStates && !expert.description.isEmpty ? states?(expert.description) : nil
            conditions.append(TaskCondition(embedding: expert.embedding, states: states))
        }
        let trainer = TaskLossTrainer(
            library: library, objective: objective, seed: plan.seed, steps: steps,
            tasksPerStep: taskPlan.tasksPerStep)
        let (system, loss) = try trainer.train(start, conditions: conditions) {
            step, loss throws(SgloradError) in
            try progress(
                GeneratorTrainer.Progress(step: step, total: steps, loss: loss, isSteering: false))
        }
        let names = Set(library.experts.map(\.name))
        let record = GeneratorRecord(
            base: base, layout: library.layout, encoder: encoder,
            experts: library.identities,
            plan: plan, threshold: library.threshold,
            learned: GeneratorRecord.Learned(
                tasks: objective.experts.count(where: names.contains), digest: digest, loss: loss,
                dimension: library.experts.first?.embedding.count ?? 0))
        return TaskTrainedGenerator(record: record, system: system)
    }

    /// The system before its first step.
    private func start() throws(SgloradError) -> any TaskTrainedSystem {
        switch taskPlan.system {
        case .sgLoRA, .icmLoRA:
            throw .internal("\(taskPlan.system.rawValue) is not trained by tasks alone")
        case .multiTask: MultiTaskSystem(mean: try library.mean())
        case .metaLoRA:
            try MetaLoRASystem(
                taskPlan.tensor ?? .cp, mean: try library.mean(), layout: library.layout, centre: centre,
                seed: plan.seed)
        case .loRAGen: try RoutedSystem(library, centre: centre, seed: plan.seed)
        }
    }

    /// The mean embedding of the descriptions.
    private var centre: [Float] {
        var sum = [Float](repeating: 0, count: library.experts.first?.embedding.count ?? 0)
        for expert in library.experts {
            for place in sum.indices { sum[place] += expert.embedding[place] }
        }
        return sum.map { $0 / Float(library.experts.count) }
    }

}
