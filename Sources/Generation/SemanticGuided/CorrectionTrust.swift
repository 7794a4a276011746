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

    /// A network that was fitted to the other folds.
    struct Fit {
        let basis: SpanBasis
        /// The experts that guide a left-out expert, by their indices in the rest of the library, and δ at z = 0, k values in
        /// the units of the parameters.
        let correction: (LibraryExpert) -> (guides: Neighbourhood, correction: [Float])
    }

    /// The number of networks that are fitted; 0 for fewer than eight experts.
    var fits: Int { Self.fits(experts: library.experts.count) }

    /// The number of networks for a library of so many experts.
    static func fits(experts: Int) -> Int { experts >= ExpertFolds.standardCount ? 2 : 0 }

    /// The share, 0...1; 1 for fewer than eight experts.
    ///
    /// - Parameters:
    ///   - span: contains the library's checkpoints.
    ///   - fit: fits a network to the library without a fold; called with 0..<``fits`` and that library.
    func share(
        in span: CheckpointSpan, fit: (Int, Library) throws(SgloradError) -> Fit
    ) throws(SgloradError) -> Float {
        let folds = library.folds
        let fits = fits
        guard fits > 0 else { return 1 }
        var product = 0.0
        var power = 0.0
        for place in 0..<fits {
            let names = Set(folds[place * folds.count / fits])
            let rest = library.excluding(names)
            let fitted = try fit(place, rest)
            for expert in library.experts where names.contains(expert.name) {
                let (guides, correction) = fitted.correction(expert)
                // In coordinates: δ lies in the span of U, whose columns are orthonormal.
                let target = fitted.basis.coordinates(of: span.mean(of: expert))
                let start = fitted.basis.coordinates(of: span.mean(guides, in: rest))
                for index in correction.indices {
                    product += Double(correction[index]) * Double(target[index] - start[index])
                    power += Double(correction[index]) * Double(correction[index])
                }
            }
        }
        return power > 0 ? Float(min(1, max(0, product / power))) : 0
    }
}
