public import ErrorModel
public import Generation
internal import LowRank
internal import SemanticGuidance
public import TextEncoding

/// Judges a generator by cross-validation, fold by fold on left-out experts, then trains it on the whole
/// library.
///
/// If the experts' own tasks are given, they train the steering and the verdict is by recall. Otherwise the
/// verdict is by the parameters of the left-out experts.
public struct JudgedTraining: Sendable {
    private let trainer: GeneratorTrainer
    private let folds: LeaveOut
    private let library: Library
    private let tasks: [String: EvaluationTask]
    private let ranker: TaskEncoder?
    private let encoder: SentenceEncoder?

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - library: at least two experts.
    ///   - plan: the hyperparameters.
    ///   - base: the base model's name, for the record.
    ///   - digest: the digest of the text encoder, for the record.
    ///   - tasks: the experts' own tasks, named as the experts; others are ignored.
    ///   - training: texts that the steering learns from; if empty, the tasks' own.
    ///   - encoder: the text encoder, which must be the base model itself; needed if there are tasks.
    /// - Throws: as `GeneratorTrainer`; `invalidRequest` if no task is named as an expert; `layoutMismatch`
    ///   if tasks are given and the base model is not the text encoder.
    public init(
        library: Library, plan: TrainingPlan, base: String, digest: String, tasks: [EvaluationTask] = [],
        training: [AnsweredTexts] = [], encoder: SentenceEncoder? = nil
    ) throws(SgloradError) {
        let names = Set(library.experts.map(\.name))
        let own = tasks.filter { names.contains($0.name) }
        var objective: (any TaskObjective)?
        if let encoder, !tasks.isEmpty {
            guard !own.isEmpty else {
                throw .noExpertsTask
            }
            objective = try ContrastiveObjective(
                encoder: encoder, tasks: own, training: training, experts: names)
            ranker = try TaskEncoder(encoder: encoder, layout: library.layout)
        } else {
            ranker = nil
        }
        trainer = try GeneratorTrainer(
            library: library, plan: plan, base: base, encoder: digest, objective: objective)
        folds = LeaveOut(trainer)
        self.library = library
        self.encoder = encoder
        self.tasks = Dictionary(own.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The number of steps in all.
    public var steps: Int { trainer.steps * (folds.count + 1) }

    /// Trains the folds, then the generator, and records its verdict and its calibrated threshold.
    ///
    /// The folds and the whole library are trained independently of each other, so several are trained at once; the
    /// number of threads does not change the result.
    ///
    /// - Parameters:
    ///   - threads: how many trainings run at once.
    ///   - progress: called after every step, from several threads but by one at a time, with the number of ``steps``
    ///     done and the step's loss; an error that it throws ends the training.
    public func run(
        threads: Int = Workers.processors,
        progress: @escaping @Sendable (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> SemanticGuidedGenerator {
        let span = try CheckpointSpan(library)
        var (generator, judgement) = try FoldJudgement.run(
            folds: folds.count, threads: threads, progress: progress,
            train: { step throws(SgloradError) in try trainer.train(over: span, progress: step) },
            judge: { fold, step throws(SgloradError) in try judge(fold, over: span, progress: step) })
        judgement.complete(&generator.record, of: library)
        return generator
    }

    private func judge(
        _ index: Int, over span: CheckpointSpan,
        progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> [LeftOutScore] {
        guard let ranker, let encoder else {
            return try folds.errors(index, over: span, progress: progress).map {
                LeftOutScore(expert: $0.expert, own: $0.own, weighted: $0.weighted, base: nil)
            }
        }
        let fold = try folds.train(index, over: span, progress: progress)
        let judged = fold.left.compactMap { tasks[$0.name] }
        return try Workers.map(judged.count, threads: 1) { place throws(SgloradError) in
            let task = judged[place]
            // The task's description stands for a user's words.
            let embedding = try encoder.encode(task.description).embedding
            let generated = try fold.generator.parameters(
                guidedBy: fold.generator.neighbourhood(of: embedding, in: fold.library), in: fold.library,
                seed: StableHash.of(task.name))
            let merged = try fold.library.merged(
                fold.library.index.neighbourhood(of: embedding, options: .paper))
            func recall(_ parameters: [Float]?) throws(SgloradError) -> Double {
                try ranker.rankings(of: [task], with: parameters)[0].figures.recallAt1
            }
            return LeftOutScore(
                expert: task.name, own: try recall(generated), weighted: try recall(merged),
                base: try recall(nil))
        }
    }
}
