public import ErrorModel
internal import LinearAlgebra
internal import SemanticGuidance

/// A generator that was trained without one fold of its library, and that fold.
public struct LeaveOutFold: Sendable {
    /// The library without the fold; everything was fitted on it.
    public let library: Library
    /// The generator trained on ``library``.
    public let generator: SemanticGuidedGenerator
    /// The experts of the fold.
    public let left: [LibraryExpert]
}

/// How near the parameters of a left-out expert are approximated, relative to the library's mean.
public struct LeaveOutError: Sendable, Hashable {
    /// The expert's name.
    public let expert: String
    /// The squared distance of the system's own adapter from the expert's mean, divided by that of the library's mean: of
    /// `sg-lora` at the mean of p(z|c) without steering, of `icm-lora` at z = 0.
    public let own: Double
    /// The squared distance of the system's control, divided likewise; nil for a system without.
    public let control: Double?
    /// The squared distance of `weighted` (K = 4, τ = 0.05, plain cosine), divided likewise.
    public let weighted: Double
}

/// Cross-validation: trains a generator fold by fold, without the experts that it is then judged on.
public struct LeaveOut: Sendable {
    private let trainer: GeneratorTrainer

    /// Prepares the folds of a trainer's library; each is trained as the trainer would train the whole.
    public init(_ trainer: GeneratorTrainer) {
        self.trainer = trainer
    }

    private var library: Library { trainer.library }

    /// The number of folds; 0 for fewer than four experts, as too few would be left to train on.
    public var count: Int { library.experts.count >= 4 ? library.folds.count : 0 }

    /// Trains without one fold.
    ///
    /// - Parameters:
    ///   - index: 0..<``count``.
    ///   - span: contains the whole library's checkpoints.
    ///   - progress: called after every step; an error that it throws ends the training.
    public func train(
        _ index: Int, over span: CheckpointSpan,
        progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> LeaveOutFold {
        let (trainer, left) = try fold(index)
        return LeaveOutFold(
            library: trainer.library, generator: try trainer.train(over: span, progress: progress), left: left
        )
    }

    /// Fits without one fold, by parameters alone, and compares with the parameters of the left-out experts.
    ///
    /// All of it happens in the span of the checkpoints: no vector of D parameters is read or made.
    ///
    /// - Parameters:
    ///   - index: 0..<``count``.
    ///   - span: contains the whole library's checkpoints.
    ///   - progress: called after every step; an error that it throws ends the training.
    public func errors(
        _ index: Int, over span: CheckpointSpan,
        progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> [LeaveOutError] {
        let (trainer, left) = try fold(index)
        let rest = trainer.library
        let fit = try trainer.fit(span, progress)
        let threshold = rest.threshold
        return left.map { expert in
            let guided = SemanticGuidedGenerator.neighbourhood(
                of: expert.embedding, options: trainer.plan.guidance, threshold: threshold, in: rest)
            return LeaveOutError(
                expert,
                own: fit.basis.corrected(
                    guided, by: fit.network.correction(guided, noise: nil), share: fit.share, in: rest, span),
                in: rest, span)
        }
    }

    /// The trainer without one fold, and the experts of the fold.
    private func fold(
        _ index: Int
    ) throws(SgloradError) -> (trainer: GeneratorTrainer, left: [LibraryExpert]) {
        let names = Set(library.folds[index])
        return (try trainer.excluding(names), library.experts.filter { names.contains($0.name) })
    }
}

extension LeaveOutError {
    /// Compares points given as weights over a span's checkpoints with a left-out expert's mean.
    ///
    /// - Parameters:
    ///   - expert: the expert.
    ///   - own: the system's adapter.
    ///   - control: its control; nil for a system without.
    ///   - rest: the library without the expert's fold.
    ///   - span: contains the whole library's checkpoints.
    init(
        _ expert: LibraryExpert, own: [Double], control: [Double]? = nil, in rest: Library,
        _ span: CheckpointSpan
    ) {
        let target = span.mean(of: expert)
        let share = 1 / Double(rest.experts.count)
        let mean = span.mean(of: rest.experts.map { ($0, share) })
        let scale = max(span.squaredDistance(mean, target), .leastNormalMagnitude)
        let merged = span.mean(rest.index.neighbourhood(of: expert.embedding, options: .paper), in: rest)
        self.init(
            expert: expert.name, own: span.squaredDistance(own, target) / scale,
            control: control.map { span.squaredDistance($0, target) / scale },
            weighted: span.squaredDistance(merged, target) / scale)
    }
}

extension SpanBasis {
    /// The parameters that a generator makes of a merge and a correction, x̄ + r·(μ* − x̄) + r·share·U δ, as weights over the
    /// checkpoints.
    ///
    /// - Parameters:
    ///   - neighbourhood: gives μ* and r.
    ///   - correction: δ, k values in the units of the parameters.
    ///   - share: the share of the correction that is applied.
    ///   - library: the experts that the neighbourhood is of.
    ///   - span: contains their checkpoints.
    func corrected(
        _ neighbourhood: Neighbourhood, by correction: [Float], share: Float, in library: Library,
        _ span: CheckpointSpan
    ) -> [Double] {
        let relevance = Double(neighbourhood.relevance)
        let scale = relevance * Double(share)
        let mean = span.mean(neighbourhood, in: library)
        let moved = weights(of: correction)
        return mean.indices.map { place in
            origin[place] + relevance * (mean[place] - origin[place]) + scale * moved[place]
        }
    }
}
