public import ErrorModel
public import Generation
internal import LowRank
internal import SemanticGuidance
public import TextEncoding

/// Judges `icm-lora` on left-out experts, fold by fold, then trains it on the whole library.
///
/// The verdict compares what it makes of examples of a left-out expert's task with what the strategy `weighted-examples` makes of
/// the same examples, which is its control, with `weighted` and with the base model: by recall where the experts' own tasks are
/// given and the base model is the text encoder, otherwise by the experts' parameters.
public struct JudgedExampleTraining: Sendable {
    private let library: Library
    private let plan: TrainingPlan
    private let base: String
    private let digest: String
    private let texts: String
    private let sources: [String: ExpertTexts]
    private let ranker: TaskEncoder?
    private let encoder: SentenceEncoder

    /// Prepares a training; no text is encoded yet.
    ///
    /// - Parameters:
    ///   - library: at least two experts, none of them foreign.
    ///   - plan: the hyperparameters, of `icm-lora`.
    ///   - base: the base model's name, for the record.
    ///   - digest: the digest of the text encoder, for the record.
    ///   - tasks: the experts' own tasks, to judge on; others are ignored.
    ///   - training: texts of the experts' tasks to train with; of an expert without, the first queries of its task.
    ///   - texts: the digest of what is trained with, for the record.
    ///   - encoder: the text encoder, which makes the task vectors; tasks judge if it is the base model itself.
    /// - Throws: as `ICMLoRATrainer`; `invalidRequest` if no task is named as an expert.
    public init(
        library: Library, plan: TrainingPlan, base: String, digest: String, tasks: [EvaluationTask],
        training: [AnsweredTexts] = [], texts: String, encoder: SentenceEncoder
    ) throws(SgloradError) {
        try plan.validate()
        let names = library.experts.map(\.name)
        guard tasks.isEmpty || tasks.contains(where: { names.contains($0.name) }) else {
            throw .noExpertsTask
        }
        let sources = ExpertTexts.all(of: names, tasks, training)
        let missing = names.filter { sources[$0] == nil }
        guard missing.isEmpty else { throw .missingExamples(of: missing) }
        self.sources = sources
        ranker = tasks.isEmpty ? nil : try? TaskEncoder(encoder: encoder, layout: library.layout)
        self.library = library
        self.plan = plan
        self.base = base
        self.digest = digest
        self.texts = texts
        self.encoder = encoder
    }

    /// The folds with an expert to judge on; none for fewer than four experts, as too few would be left to train on.
    private var folds: [[String]] {
        guard library.experts.count >= 4 else { return [] }
        return library.folds.filter { $0.contains(where: isJudged) }
    }

    /// Whether a left-out expert can be judged: it has examples and, where recall is measured, queries besides.
    private func isJudged(_ name: String) -> Bool {
        guard let source = sources[name], !source.given.isEmpty else { return false }
        return ranker == nil || source.judged != nil
    }

    /// The number of steps in all.
    public var steps: Int {
        let count = library.experts.count
        return ([0] + folds.map(\.count)).reduce(0) {
            $0 + ICMLoRATrainer.steps(plan, experts: count - $1)
        }
    }

    /// Encodes the examples, trains and judges the folds, then the generator, and records its verdict and its calibrated
    /// threshold.
    ///
    /// - Parameters:
    ///   - threads: how many trainings run at once; it does not change the result.
    ///   - progress: called after every step, from several threads but by one at a time, with the number of ``steps`` done
    ///     and the step's loss; an error that it throws ends the training.
    /// - Throws: `trainingFailed` for fewer than two experts, if the loss diverges or the checkpoints do not differ.
    public func run(
        threads: Int = Workers.processors,
        progress: @escaping @Sendable (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> ICMLoRAGenerator {
        let trainer = try ICMLoRATrainer(
            library: library, plan: plan, base: base, encoder: digest,
            examples: try encoder.examples(of: sources.mapValues(\.trained), threads: threads), digest: texts)
        let folds = folds
        let given =
            folds.isEmpty ? [:] : try encoder.examples(of: sources.mapValues(\.given), threads: threads)
        let span = try CheckpointSpan(library)
        var (generator, judgement) = try FoldJudgement.run(
            folds: folds.count, threads: threads, progress: progress,
            train: { step throws(SgloradError) in try trainer.train(over: span, progress: step) },
            judge: { fold, step throws(SgloradError) in
                try judge(Set(folds[fold]), trainer, given, span, step)
            })
        judgement.complete(&generator.record, of: library)
        return generator
    }

    private func judge(
        _ names: Set<String>, _ trainer: ICMLoRATrainer, _ given: [String: ExpertExamples],
        _ span: CheckpointSpan, _ progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> [LeftOutScore] {
        guard let ranker else {
            return try trainer.errors(without: names, given: given, over: span, progress: progress).map {
                LeftOutScore(
                    expert: $0.expert, own: $0.own, control: $0.control ?? $0.weighted,
                    weighted: $0.weighted, base: nil)
            }
        }
        let generator = try trainer.excluding(names).train(over: span, progress: progress)
        let rest = library.excluding(names)
        var scores: [LeftOutScore] = []
        for name in names.sorted() {
            guard let task = sources[name]?.judged, let examples = given[name] else { continue }
            // The task's description stands for a user's words.
            let embedding = try encoder.encode(task.description).embedding
            let guides = generator.neighbourhood(of: examples.whole, describedBy: embedding, in: rest)
            let own = try generator.parameters(
                for: examples.whole, guidedBy: guides, in: rest, seed: StableHash.of(name),
                sampling: .sample)
            let vector = ExampleCentroid.taskVector(of: examples.texts) ?? embedding
            let control = try rest.merged(rest.index.neighbourhood(of: vector, options: plan.guidance))
            let weighted = try rest.merged(rest.index.neighbourhood(of: embedding, options: .paper))
            func recall(_ parameters: [Float]?) throws(SgloradError) -> Double {
                try ranker.rankings(of: [task], with: parameters)[0].figures.recallAt1
            }
            scores.append(
                LeftOutScore(
                    expert: name, own: try recall(own), control: try recall(control),
                    weighted: try recall(weighted), base: try recall(nil)))
        }
        return scores
    }
}

extension SgloradError {
    /// Tasks of which none can be judged on a left-out expert.
    static let noExpertsTask = SgloradError.invalidRequest(
        field: "tasks",
        reason: "holds no task named as an expert of the library; name each task as its expert")
}
