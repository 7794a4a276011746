internal import ErrorModel
internal import LinearAlgebra
internal import LowRank
internal import SemanticGuidance

/// How much of the network's correction is to be believed, by experts that it has not seen.
///
/// A network fitted to the other folds corrects a left-out expert's μ* by δ = U·decoder(E[z], c). The share of δ that
/// brings all left-out experts nearest to their own means is Σ⟨δ, μ_e − μ*⟩ / Σ‖δ‖²: one where the correction is right in
/// size, zero where it points nowhere. Two of the eight folds are looked at.
struct CorrectionTrust {
    let library: Library
    let plan: TrainingPlan
    let base: String

    /// How many networks are fitted for it; none for a library too small to leave anything out of.
    var fits: Int { library.experts.count >= 8 ? 2 : 0 }

    /// The share, 0...1; 1 for a library too small to leave anything out of.
    ///
    /// - Parameters:
    ///   - span: holds the library's checkpoints.
    ///   - progress: told each step of both fits, from 1, and its loss.
    func share(
        in span: CheckpointSpan, _ progress: (Int, Float) throws(SgloradError) -> Void
    ) throws(SgloradError) -> Float {
        let folds = ExpertFolds(names: library.experts.map(\.name)).folds
        let fits = fits
        guard fits > 0 else { return 1 }
        var product = 0.0
        var power = 0.0
        for fit in 0..<fits {
            let names = Set(folds[fit * folds.count / fits])
            let rest = Library(
                layout: library.layout, experts: library.experts.filter { !names.contains($0.name) })
            let (basis, network) = try NetworkTraining(library: rest, plan: plan, base: base).fit(in: span) {
                step, loss throws(SgloradError) in try progress(fit * plan.steps + step, loss)
            }
            for expert in library.experts where names.contains(expert.name) {
                let neighbourhood = Neighbourhood(
                    proximities: rest.index.proximities(to: expert.embedding, by: plan.guidance.measure),
                    options: plan.guidance)
                let correction = network.correction(neighbourhood, noise: nil)
                // Both in coordinates: δ lies in the span of U, whose columns are orthonormal.
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

extension FittedNetwork {
    /// δ in parameters' units, k numbers.
    ///
    /// - Parameter noise: standard normal numbers, `[1, latent]`; nil decodes the prior's mean.
    func correction(_ neighbourhood: Neighbourhood, noise: Matrix?) -> [Float] {
        let condition = Matrix(stacking: [experts.condition(neighbourhood)])
        let zeros = Matrix(rows: 1, columns: network.latent)
        return network.sample(condition: condition, noise: noise ?? zeros).values.map { $0 * experts.unit }
    }
}
