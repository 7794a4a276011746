internal import ErrorModel
internal import Generation
internal import SemanticGuidance
internal import Synchronization

/// How the adapters that were made for a left-out expert compare; all by one measure.
struct LeftOutScore: Sendable {
    /// The expert's name.
    let expert: String
    /// The result of the generator's own adapter.
    let own: Double
    /// The result of its control; nil if it has none.
    var control: Double?
    /// The result of `weighted`.
    let weighted: Double
    /// The recall of the base model; nil if parameters are compared.
    let base: Double?
}

/// The results on the experts that were left out of a training's folds.
struct FoldJudgement: Sendable {
    /// Receives a step of one of the trainings.
    typealias Step = @Sendable (GeneratorTrainer.Progress) throws(SgloradError) -> Void

    private let scores: [LeftOutScore]

    /// Trains on the whole library, and on each fold's rest to judge it; several trainings run at once.
    ///
    /// - Parameters:
    ///   - folds: the number of folds.
    ///   - threads: how many trainings run at once; it does not change the result.
    ///   - progress: called after every step, from several threads but by one at a time, with the number of steps done and the
    ///     step's loss; an error that it throws ends the training.
    ///   - train: trains the generator.
    ///   - judge: trains without a fold, 0..<`folds`, and judges what was left out.
    static func run<Generator: Sendable>(
        folds: Int, threads: Int,
        progress: @escaping @Sendable (Int, Float) throws(SgloradError) -> Void,
        train: @Sendable (Step) throws(SgloradError) -> Generator,
        judge: @Sendable (Int, Step) throws(SgloradError) -> [LeftOutScore]
    ) throws(SgloradError) -> (generator: Generator, judgement: FoldJudgement) {
        let done = Mutex(0)
        @Sendable func count(_ step: GeneratorTrainer.Progress) throws(SgloradError) {
            try done.withLock { done throws(SgloradError) in
                done += 1
                try progress(done, step.loss)
            }
        }
        // The whole library first: it takes longest.
        let ends = try Workers.map(folds + 1, threads: threads) {
            place throws(SgloradError) -> Outcome<Generator> in
            place == 0 ? .generator(try train(count)) : .scores(try judge(place - 1, count))
        }
        guard case .generator(let generator)? = ends.first else {
            throw .internal("a training ended without a generator")
        }
        let scores = ends.flatMap { end -> [LeftOutScore] in
            if case .scores(let scores) = end { scores } else { [] }
        }
        return (generator, FoldJudgement(scores: scores))
    }

    /// What one of the trainings made.
    private enum Outcome<Generator: Sendable>: Sendable {
        /// The training on the whole library.
        case generator(Generator)
        /// The training without one fold.
        case scores([LeftOutScore])
    }

    /// Writes the verdict and the calibrated threshold into a record; leaves it as it is if nothing was judged.
    func complete(_ record: inout GeneratorRecord, of library: Library) {
        guard !scores.isEmpty else { return }
        let isRecall = mean(\.base) != nil
        record.verdict = GeneratorVerdict(
            judgedBy: isRecall ? .recall : .parameters, tasks: scores.count,
            own: mean { $0.own } ?? 0, control: mean(\.control), weighted: mean { $0.weighted } ?? 0,
            base: mean(\.base),
            results: isRecall
                ? Dictionary(scores.map { ($0.expert, $0.own) }, uniquingKeysWith: { first, _ in first })
                : nil)
        record.threshold = RefusalCalibration.threshold(
            library.foldProximities().map { name, proximity in
                let score = scores.first { $0.expert == name }
                return RefusalCalibration.Observation(
                    proximity: proximity, gain: score.flatMap { score in score.base.map { score.own - $0 } })
            })
    }

    /// The mean of a result; nil if a score lacks it.
    private func mean(_ value: (LeftOutScore) -> Double?) -> Double? {
        let values = scores.compactMap(value)
        return values.count == scores.count ? values.reduce(0, +) / Double(values.count) : nil
    }
}
