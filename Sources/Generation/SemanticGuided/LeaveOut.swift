public import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

/// A generator that was trained without one fold of its library, and that fold.
public struct LeaveOutFold: Sendable {
    /// The library without the fold; everything was fitted on it.
    public let library: Library
    /// The generator trained on it.
    public let generator: SemanticGuidedGenerator
    /// The experts that were left out.
    public let left: [LibraryExpert]
}

/// Trains and judges a library's generator fold by fold, each time on experts that nothing was fitted on.
public struct LeaveOut: Sendable {
    private let library: Library
    let plan: TrainingPlan
    private let base: String
    private let encoder: String
    private let objective: (any TaskObjective)?

    /// Prepares the folds.
    ///
    /// - Parameters: as those of ``GeneratorTrainer``.
    public init(
        library: Library, plan: TrainingPlan, base: String, encoder: String,
        objective: (any TaskObjective)? = nil
    ) {
        self.library = library
        self.plan = plan
        self.base = base
        self.encoder = encoder
        self.objective = objective
    }

    /// How many folds there are; none where what is left of a fold could not be trained on.
    public var count: Int { library.experts.count >= 4 ? folds.count : 0 }

    private var folds: [[String]] { ExpertFolds(names: library.experts.map(\.name)).folds }

    /// Trains one fold.
    ///
    /// - Parameters:
    ///   - index: 0..<``count``.
    ///   - span: the inner products of the whole library's checkpoints.
    ///   - progress: as the trainer's; what it throws ends the training.
    public func train(
        _ index: Int, over span: CheckpointSpan,
        progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> LeaveOutFold {
        let (rest, left, trainer) = try fold(index)
        return LeaveOutFold(
            library: rest, generator: try trainer.train(over: span, progress: progress), left: left)
    }

    func fold(
        _ index: Int
    ) throws(SgloradError) -> (rest: Library, left: [LibraryExpert], trainer: GeneratorTrainer) {
        let names = Set(folds[index])
        let rest = Library(
            layout: library.layout, experts: library.experts.filter { !names.contains($0.name) })
        let trainer = try GeneratorTrainer(
            library: rest, plan: plan, base: base, encoder: encoder,
            objective: objective?.restricted(to: rest.experts.map(\.name)))
        return (rest, library.experts.filter { names.contains($0.name) }, trainer)
    }
}

extension Library {
    /// How near each expert's task is to the experts of the other folds, by the plain cosine.
    public func foldProximities() -> [(name: String, proximity: Float)] {
        ExpertFolds(names: experts.map(\.name)).folds.flatMap { names -> [(String, Float)] in
            let left = Set(names)
            let rest = experts.indices.filter { !left.contains(experts[$0].name) }
            return experts.filter { left.contains($0.name) }.map { expert in
                let proximities = index.proximities(to: expert.embedding, by: .plain)
                return (expert.name, rest.map { proximities[$0] }.max() ?? 0)
            }
        }
    }
}

extension TaskObjective {
    /// The judge of some experts' tasks alone: what is left out is not even contested.
    public func restricted(to names: [String]) -> any TaskObjective { RestrictedObjective(self, to: names) }
}

private struct RestrictedObjective: TaskObjective {
    let experts: [String]
    private let whole: any TaskObjective

    init(_ whole: any TaskObjective, to names: [String]) {
        self.whole = whole
        let allowed = Set(names)
        experts = whole.experts.filter(allowed.contains)
    }

    func loss(
        of adapter: LoRAAdapter, onTaskOf expert: String, contested: Set<String>, random: inout CounterRandom
    ) throws(SgloradError) -> (loss: Float, gradient: [Float]) {
        try whole.loss(
            of: adapter, onTaskOf: expert, contested: contested.intersection(experts), random: &random)
    }
}
