public import ErrorModel
public import Generation
internal import LinearAlgebra
internal import SemanticGuidance
internal import Synchronization
public import TextEncoding

/// Trains a generator for a base model that another program runs, and has that model choose its guidance and judge it.
///
/// The generator learns from the experts' parameters alone. How many experts guide, how sharply and by which proximity is
/// chosen among some guidances, by how the merges answer the tasks of left-out experts. Whether the network's correction is
/// applied is chosen in the same way. What is chosen for all experts is not what the verdict is on: each fold's tasks are
/// judged with what the other folds' tasks choose, so that the verdict is on tasks that nothing was fitted to or chosen by.
public struct AnsweredTraining: Sendable {
    /// How far a training is.
    public enum Stage: String, Sendable, Hashable, Codable {
        /// The merges by each guidance answer; counted in answers.
        case choosing
        /// The generators of the folds, then that of all experts, are trained; counted in steps.
        case training
        /// The generators of the folds answer; counted in answers.
        case judging
    }

    /// The guidances to choose from; that of the plan is added.
    static var guidances: [GuidanceOptions] {
        let all: [(Int, Float, ProximityMeasure)] = [
            (2, 0.05, .plain), (8, 0.1, .plain), (4, 0.05, .centred), (1024, 1e4, .plain),
        ]
        let made = all.compactMap { try? GuidanceOptions(topK: $0.0, temperature: $0.1, measure: $0.2) }
        return [.paper, .standard, .broad] + made
    }

    /// The most queries of a task that are asked.
    public static let maximumQueries = 20

    private let library: Library
    private let plan: TrainingPlan
    private let base: String
    private let digest: String
    private let encoder: SentenceEncoder
    private let model: any AnsweringModel
    private let tasks: [String: EvaluationTask]
    private let guidances: [GuidanceOptions]

    /// Prepares a training.
    ///
    /// - Parameters:
    ///   - library: at least four experts.
    ///   - plan: the hyperparameters.
    ///   - base: the base model's name, for the record.
    ///   - digest: the digest of the text encoder, for the record.
    ///   - tasks: the experts' own tasks, named as the experts; others are ignored.
    ///   - encoder: the text encoder, which encodes the tasks' descriptions.
    ///   - model: the base model.
    /// - Throws: `invalidRequest` if no task is named as an expert, or the plan is out of range; `trainingFailed` for fewer
    ///   than four experts.
    public init(
        library: Library, plan: TrainingPlan, base: String, digest: String, tasks: [EvaluationTask],
        encoder: SentenceEncoder, model: any AnsweringModel
    ) throws(SgloradError) {
        try plan.validate()
        try Self.check(library, tasks, base: base)
        let names = Set(library.experts.map(\.name))
        let own = tasks.filter { names.contains($0.name) }.map { task in
            (task.name, task.withOwnLabels.sampled(Self.maximumQueries, seed: plan.seed))
        }
        self.library = library
        self.plan = plan
        self.base = base
        self.digest = digest
        self.encoder = encoder
        self.model = model
        self.tasks = Dictionary(own, uniquingKeysWith: { first, _ in first })
        let known = Self.guidances
        guidances = known.contains(plan.guidance) ? known : known + [plan.guidance]
    }

    /// Checks what a training needs, before a process is started for it.
    ///
    /// - Throws: `invalidRequest` if no task is named as an expert; `trainingFailed` for fewer than four experts.
    public static func check(
        _ library: Library, _ tasks: [EvaluationTask], base: String
    ) throws(SgloradError) {
        guard library.experts.count >= 4 else {
            throw .trainingFailed(
                base: base, reason: "the library has \(library.experts.count) experts of one initialisation",
                remedy: "With --engine, a training needs at least four. Import more, or train without it.")
        }
        let names = Set(library.experts.map(\.name))
        guard tasks.contains(where: { names.contains($0.name) }) else {
            throw .noExpertsTask
        }
    }

    /// The number of steps of all trainings.
    private var steps: Int {
        let folds = library.folds.count { names in names.contains { tasks[$0] != nil } }
        return ((try? trainer(plan.guidance))?.steps ?? 0) * (folds + 1)
    }

    /// Chooses, trains and judges.
    ///
    /// - Parameter progress: called with the stage, what of it is done, its total and, while training, the loss.
    public func run(
        progress: @escaping @Sendable (Stage, Int, Int, Float?) -> Void
    ) throws(SgloradError) -> SemanticGuidedGenerator {
        let scores = try judgeGuidances(progress)
        let span = try CheckpointSpan(library)
        let steps = steps
        let done = Mutex(0)
        @Sendable func count(_ step: GeneratorTrainer.Progress) {
            done.withLock { done in
                done += 1
                progress(.training, done, steps, step.loss)
            }
        }
        let chosen = best(scores)
        let whole = try trainer(guidances[chosen])
        var generator = try whole.train(over: span, progress: count)
        var judged: [Judged] = []
        let total = tasks.values.reduce(0) { $0 + $1.queries.count }
        var answered = 0
        for fold in library.folds.indices {
            let elsewhere = scores.filter { $0.fold != fold }
            let own = scores.filter { $0.fold == fold }
            guard !own.isEmpty else { continue }
            // A library of which one fold alone has tasks leaves nothing to choose by.
            let guidance = elsewhere.isEmpty ? chosen : best(elsewhere)
            let left = try LeaveOut(trainer(guidances[guidance])).train(fold, over: span, progress: count)
            for score in own {
                guard let task = tasks[score.task] else { continue }
                let right = try share(
                    model.answers(
                        to: task, in: "judging-\(fold)", with: [adapter(left, task, score.embedding)]
                    ) {
                        answered += $0
                        progress(.judging, answered, total, nil)
                    })
                judged.append(
                    Judged(fold: fold, score: score, corrected: right[0], merged: score.merged[guidance]))
            }
        }
        generator.record.correctionShare *= trusts(judged) ? 1 : 0
        generator.record.verdict = verdict(judged)
        let proximities = library.foldProximities()
        generator.record.threshold = RefusalCalibration.threshold(
            proximities.map { name, proximity in
                let own = judged.first { $0.score.task == name }
                return RefusalCalibration.Observation(
                    proximity: proximity, gain: own.map { max($0.corrected, $0.merged) - $0.score.base })
            })
        return generator
    }

    /// How the merges do on one left-out expert's task.
    private struct Score: Sendable {
        let task: String
        let fold: Int
        /// The unit embedding of the task's description, which stands for a user's words.
        let embedding: [Float]
        let base: Double
        /// For each of the guidances.
        let merged: [Double]
    }

    /// How the fold's generator does on it.
    private struct Judged: Sendable {
        let fold: Int
        let score: Score
        /// With the network's correction.
        let corrected: Double
        /// Without it: the merge by the guidance that the other folds chose.
        let merged: Double
    }

    private func trainer(_ guidance: GuidanceOptions) throws(SgloradError) -> GeneratorTrainer {
        var plan = plan
        plan.guidance = guidance
        return try GeneratorTrainer(library: library, plan: plan, base: base, encoder: digest)
    }

    private func judgeGuidances(
        _ progress: @escaping @Sendable (Stage, Int, Int, Float?) -> Void
    ) throws(SgloradError) -> [Score] {
        let total = tasks.values.reduce(0) { $0 + $1.queries.count } * (guidances.count + 1)
        var answered = 0
        var scores: [Score] = []
        for (fold, names) in library.folds.enumerated() {
            let rest = library.excluding(Set(names))
            for task in names.compactMap({ tasks[$0] }) {
                let embedding = try encoder.encode(task.description).embedding
                let merges = guidances.map { guidance in
                    let neighbourhood = rest.index.neighbourhood(of: embedding, options: guidance)
                    return AnsweringAdapter(id: guidance.id) { () throws(SgloradError) in
                        try rest.merged(neighbourhood)
                    }
                }
                let base = AnsweringAdapter(id: "base", parameters: nil)
                let right = try share(
                    model.answers(to: task, in: "choosing", with: [base] + merges) {
                        answered += $0
                        progress(.choosing, answered, total, nil)
                    })
                scores.append(
                    Score(
                        task: task.name, fold: fold, embedding: embedding, base: right[0],
                        merged: Array(right[1...])))
            }
        }
        return scores
    }

    private func adapter(
        _ fold: LeaveOutFold, _ task: EvaluationTask, _ embedding: [Float]
    ) -> AnsweringAdapter {
        let neighbourhood = fold.generator.neighbourhood(of: embedding, in: fold.library)
        let id = "sg-lora \(fold.generator.record.plan.guidance.id)"
        return AnsweringAdapter(id: id) { () throws(SgloradError) in
            try fold.generator.parameters(
                guidedBy: neighbourhood, in: fold.library, seed: StableHash.of(task.name))
        }
    }

    /// The share of queries answered right with each adapter.
    private func share(_ answers: [[Bool]]) -> [Double] {
        answers.map { right in Double(right.count { $0 }) / Double(max(1, right.count)) }
    }

    /// The guidance that does best over some tasks; of equals the first.
    private func best(_ scores: [Score]) -> Int {
        let sums = guidances.indices.map { place in scores.reduce(0) { $0 + $1.merged[place] } }
        return sums.indices.max { sums[$0] < sums[$1] || (sums[$0] == sums[$1] && $0 > $1) } ?? 0
    }

    /// Whether the corrections do at least as well as the merges they correct.
    private func trusts(_ judged: [Judged]) -> Bool {
        judged.reduce(0) { $0 + $1.corrected - $1.merged } >= 0
    }

    private func verdict(_ judged: [Judged]) -> GeneratorVerdict? {
        guard !judged.isEmpty else { return nil }
        func mean(_ value: (Judged) -> Double) -> Double {
            judged.reduce(0) { $0 + value($1) } / Double(judged.count)
        }
        return GeneratorVerdict(
            judgedBy: .engine, tasks: judged.count,
            own: mean { own in
                let elsewhere = judged.filter { $0.fold != own.fold }
                return trusts(elsewhere.isEmpty ? judged : elsewhere) ? own.corrected : own.merged
            },
            weighted: mean { $0.score.merged[guidances.firstIndex(of: .paper) ?? 0] },
            base: mean(\.score.base))
    }
}

extension GuidanceOptions {
    /// A name for the guidance in the ids of adapters.
    fileprivate var id: String { "k\(topK) t\(temperature) \(measure.rawValue)" }
}
