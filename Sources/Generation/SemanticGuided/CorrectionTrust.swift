internal import ErrorModel
internal import LinearAlgebra
internal import SemanticGuidance

/// Estimates the share of the network's correction to apply, on experts that the network has not seen.
///
/// A network fitted to the other folds corrects the μ* of a left-out expert by δ = U·decoder(E[z], c). The
/// share that minimises the squared distance of all left-out experts to their own means is
/// Σ⟨δ, μ_e − μ*⟩ / Σ‖δ‖² (least squares with one coefficient): 1 if the corrections have the right size, 0
/// if they have no useful direction. Two of the folds are used.
struct CorrectionTrust {
    let library: Library
    let plan: TrainingPlan
    let base: String

    /// The number of networks that are fitted; 0 for fewer than eight experts.
    var fits: Int { library.experts.count >= ExpertFolds.standardCount ? 2 : 0 }

    /// The share, 0...1; 1 for fewer than eight experts.
    ///
    /// - Parameters:
    ///   - span: contains the library's checkpoints.
    ///   - progress: called with each step of both fits, from 1, and its loss.
    func share(
        in span: CheckpointSpan, _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> Float {
        let folds = library.folds
        let fits = fits
        guard fits > 0 else { return 1 }
        var product = 0.0
        var power = 0.0
        for fit in 0..<fits {
            let names = Set(folds[fit * folds.count / fits])
            let rest = library.excluding(names)
            let (basis, network) = try NetworkTraining(library: rest, plan: plan, base: base).fit(in: span) {
                step, loss throws(SgloradError) in try progress(fit * plan.steps + step, loss)
            }
            for expert in library.experts where names.contains(expert.name) {
                let neighbourhood = rest.index.neighbourhood(of: expert.embedding, options: plan.guidance)
                let correction = network.correction(neighbourhood, noise: nil)
                // In coordinates: δ lies in the span of U, whose columns are orthonormal.
                let target = basis.coordinates(of: span.mean(of: expert))
                let start = basis.coordinates(of: span.mean(neighbourhood, in: rest))
                for index in correction.indices {
                    product += Double(correction[index]) * Double(target[index] - start[index])
                    power += Double(correction[index]) * Double(correction[index])
                }
            }
        }
        return power > 0 ? Float(min(1, max(0, product / power))) : 0
    }
}
