public import ErrorModel
public import Generation
internal import LowRank
internal import SemanticGuidance
public import TextEncoding

/// Judges a system that is trained by the tasks' loss on left-out experts, fold by fold, then trains it on the whole library.
///
/// The verdict compares its adapters with its own control, with `weighted` and with the base model, all by recall on tasks of
/// which nothing was fitted: neither the experts of the fold nor their tasks took part in the training.
public struct JudgedSystemTraining: Sendable {
    private let trainer: SystemTrainer
    private let library: Library
    private let tasks: [String: EvaluationTask]
    private let ranker: TaskEncoder
    private let encoder: SentenceEncoder

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - library: at least two experts, none of them foreign.
    ///   - plan: the hyperparameters, of a system that is trained by tasks.
    ///   - base: the base model's name, for the record.
    ///   - digest: the digest of the text encoder, for the record.
    ///   - tasks: the experts' own tasks, to judge on; others are ignored.
    ///   - training: texts to train on; if empty, the tasks' own.
    ///   - texts: the digest of what is trained on, for the record.
    ///   - encoder: the text encoder, which must be the base model itself.
    /// - Throws: as `SystemTrainer`; `invalidRequest` if there is no task to learn from; `layoutMismatch` if the base model is
    ///   not the text encoder.
    public init(
        library: Library, plan: TrainingPlan, base: String, digest: String, tasks: [EvaluationTask],
        training: [AnsweredTexts] = [], texts: String, encoder: SentenceEncoder
    ) throws(SgloradError) {
        let system = plan.system.rawValue
        do {
            ranker = try TaskEncoder(encoder: encoder, layout: library.layout)
        } catch {
            throw SgloradError(
                .layoutMismatch,
                "The system \(system) learns through the base model, and the daemon can run only its text encoder: "
                    + "\(error.message) Train sg-lora for '\(base)', by parameters alone or with --engine.",
                parameters: error.parameters, cause: error)
        }
        guard !tasks.isEmpty || !training.isEmpty else {
            throw .invalidRequest(
                field: "tasks",
                reason:
                    "is missing; the system \(system) learns from the experts' tasks, so name their folder with "
                    + "--tasks")
        }
        let names = Set(library.experts.map(\.name))
        trainer = try SystemTrainer(
            library: library, plan: plan, base: base, encoder: digest,
            objective: ContrastiveObjective(
                encoder: encoder, tasks: tasks, training: training, experts: names), digest: texts,
            states: { text throws(SgloradError) in try encoder.states(of: text) })
        self.library = library
        self.encoder = encoder
        self.tasks = Dictionary(
            tasks.filter { names.contains($0.name) }.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The folds with a task to judge on; none for fewer than four experts, as too few would be left to train on.
    private var folds: [[String]] {
        guard library.experts.count >= 4 else { return [] }
        return library.folds.filter { names in
            names.contains { tasks[$0] != nil } && trainer.canTrain(without: Set(names))
        }
    }

    /// The number of steps in all.
    public var steps: Int { trainer.steps * (folds.count + 1) }

    /// Trains and judges the folds, then the generator, and records its verdict and its calibrated threshold.
    ///
    /// - Parameters:
    ///   - threads: how many trainings run at once; it does not change the result.
    ///   - progress: called after every step, from several threads but by one at a time, with the number of ``steps`` done
    ///     and the step's loss; an error that it throws ends the training.
    public func run(
        threads: Int = Workers.processors,
        progress: @escaping @Sendable (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> TaskTrainedGenerator {
        let folds = folds
        var (generator, judgement) = try FoldJudgement.run(
            folds: folds.count, threads: threads, progress: progress,
            train: { step throws(SgloradError) in try trainer.train(step) },
            judge: { fold, step throws(SgloradError) in try judge(Set(folds[fold]), progress: step) })
        judgement.complete(&generator.record, of: library)
        return generator
    }

    private func judge(
        _ names: Set<String>, progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> [LeftOutScore] {
        let fold = try trainer.excluding(names)
        let generator = try fold.train(progress)
        let rest = library.excluding(names)
        let judged = names.sorted().compactMap { tasks[$0] }
        // Adapters of no description are one for all tasks, and encode a text that several tasks share once.
        let base = try recalls(judged, with: nil)
        let control = try recalls(judged, with: try fold.control(of: generator))
        let own =
            generator.dependsOnTask ? nil : try recalls(judged, with: generator.control)
        var scores: [LeftOutScore] = []
        for (place, task) in judged.enumerated() {
            // The task's description stands for a user's words.
            let embedding = try encoder.encode(task.description).embedding
            let near = generator.neighbourhood(of: embedding, in: rest)
            let weighted = try rest.merged(rest.index.neighbourhood(of: embedding, options: .paper))
            let result =
                if let own { own[place] } else {
                    try recalls(
                        [task],
                        with: generator.adapter(
                            for: TaskCondition(
                                embedding: embedding,
                                states: generator.readsStates
                                    ? encoder.states(of: task.description) : nil),
                            relevance: near.relevance))[0]
                }
            scores.append(
                LeftOutScore(
                    expert: task.name, own: result, control: control[place],
                    weighted: try recalls([task], with: weighted)[0], base: base[place]))
        }
        return scores
    }

    private func recalls(
        _ tasks: [EvaluationTask], with parameters: [Float]?
    ) throws(SgloradError) -> [Double] {
        try ranker.rankings(of: tasks, with: parameters).map(\.figures.recallAt1)
    }
}
