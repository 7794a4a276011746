public import ErrorModel
internal import LinearAlgebra
internal import SemanticGuidance

/// How near a left-out expert's parameters are come, relative to the library's mean.
public struct LeaveOutError: Sendable, Hashable {
    /// The expert's name.
    public let expert: String
    /// The squared distance of `sg-lora` (at the prior's mean, without steering) from the expert's mean, relative to that of
    /// the library's mean.
    public let sgLoRA: Double
    /// The same of `weighted`, with K = 4, τ = 0.05 and the plain cosine.
    public let weighted: Double
}

extension LeaveOut {
    /// Trains one fold by parameters alone, and judges it by those of the experts that it leaves out.
    ///
    /// All of it happens in the span of the checkpoints: nothing of D numbers is read or made.
    ///
    /// - Parameters:
    ///   - index: 0..<``count``.
    ///   - span: the inner products of the whole library's checkpoints.
    ///   - progress: as the trainer's; what it throws ends the training.
    public func errors(
        _ index: Int, over span: CheckpointSpan,
        progress: (GeneratorTrainer.Progress) throws(SgloradError) -> Void
    ) throws(SgloradError) -> [LeaveOutError] {
        let (rest, left, trainer) = try fold(index)
        let fit = try trainer.fit(span, progress)
        let threshold = trainer.threshold
        let share = 1 / Double(rest.experts.count)
        let mean = span.mean(of: rest.experts.map { ($0, share) })
        return left.map { expert in
            let target = span.mean(of: expert)
            let scale = max(span.squaredDistance(mean, target), .leastNormalMagnitude)
            let guided = SemanticGuidedGenerator.neighbourhood(
                of: expert.embedding, options: plan.guidance, threshold: threshold, in: rest)
            let generated = Self.generated(fit, guided, in: rest, span)
            let merged = span.mean(
                Neighbourhood(
                    proximities: rest.index.proximities(to: expert.embedding, by: .plain), options: .paper),
                in: rest)
            return LeaveOutError(
                expert: expert.name, sgLoRA: span.squaredDistance(generated, target) / scale,
                weighted: span.squaredDistance(merged, target) / scale)
        }
    }

    /// What `SemanticGuidedGenerator` makes without steering, as weights: x̄ + r·(μ* − x̄) + r·share·U δ.
    private static func generated(
        _ fit: GeneratorTrainer.Fit, _ neighbourhood: Neighbourhood, in library: Library,
        _ span: CheckpointSpan
    ) -> [Double] {
        let relevance = Double(neighbourhood.relevance)
        let scale = relevance * Double(fit.share)
        let mean = span.mean(neighbourhood, in: library)
        let correction = fit.basis.weights(of: fit.network.correction(neighbourhood, noise: nil))
        return mean.indices.map { place in
            let origin = fit.basis.origin[place]
            return origin + relevance * (mean[place] - origin) + scale * correction[place]
        }
    }
}
