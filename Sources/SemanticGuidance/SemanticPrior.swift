public import LinearAlgebra

/// The mean and the variance of the target's parameters that the nearest experts imply.
///
/// μ* = Σ α_k μ_k (SG-LoRA, arXiv 2509.10535), and by the law of total variance
/// σ*² = Σ α_k σ_k² + Σ α_k (μ_k − μ*)².
public struct SemanticPrior: Sendable {
    /// μ*, one value per parameter.
    public let mean: [Float]
    /// Σ α_k σ_k²: the variance within the experts, over their own checkpoints.
    public let within: [Float]
    /// Σ α_k (μ_k − μ*)²: the variance between the experts.
    public let between: [Float]

    /// σ*²: the sum of ``within`` and ``between``.
    public var variance: [Float] { zip(within, between).map { $0 + $1 } }

    /// Computes the prior of a neighbourhood.
    ///
    /// - Parameters:
    ///   - neighbourhood: the guiding experts; at least one.
    ///   - means: μ_e of every expert in the library's order, all of one length.
    ///   - variances: σ_e² of every expert, in the same order and of the same length.
    public init(_ neighbourhood: Neighbourhood, means: [FloatVector], variances: [FloatVector]) {
        self.init(neighbourhood) { (means[$0], variances[$0]) }
    }

    /// Computes the prior of a neighbourhood.
    ///
    /// - Parameters:
    ///   - neighbourhood: the guiding experts; at least one.
    ///   - moments: μ_e and σ_e² of an expert by its index; asked for the guiding experts alone.
    public init(
        _ neighbourhood: Neighbourhood, moments: (Int) -> (mean: FloatVector, variance: FloatVector)
    ) {
        let mean = Self.mean(neighbourhood) { moments($0).mean }
        var within = [Float](repeating: 0, count: mean.count)
        var between = [Float](repeating: 0, count: mean.count)
        within.withUnsafeMutableBufferPointer { within in
            between.withUnsafeMutableBufferPointer { between in
                mean.withUnsafeBufferPointer { mean in
                    for member in neighbourhood.members {
                        let own = moments(member.expert)
                        own.mean.withUnsafeBufferPointer { expert in
                            own.variance.withUnsafeBufferPointer { variance in
                                for index in mean.indices {
                                    let distance = expert[index] - mean[index]
                                    within[index] += member.weight * variance[index]
                                    between[index] += member.weight * distance * distance
                                }
                            }
                        }
                        own.mean.releaseIfLarge()
                        own.variance.releaseIfLarge()
                    }
                }
            }
        }
        self.mean = mean
        self.within = within
        self.between = between
    }

    /// μ* alone: the weighted mean of the neighbourhood's experts; empty for an empty neighbourhood.
    public static func mean(_ neighbourhood: Neighbourhood, of means: [FloatVector]) -> [Float] {
        mean(neighbourhood) { means[$0] }
    }

    /// μ* alone, of experts whose means are asked for by their indices.
    public static func mean(_ neighbourhood: Neighbourhood, of mean: (Int) -> FloatVector) -> [Float] {
        guard let first = neighbourhood.members.first else { return [] }
        var result = [Float](repeating: 0, count: mean(first.expert).count)
        result.withUnsafeMutableBufferPointer { result in
            for member in neighbourhood.members {
                let own = mean(member.expert)
                own.withUnsafeBufferPointer { expert in
                    guard let x = expert.baseAddress, let y = result.baseAddress else { return }
                    BLAS.axpy(count: expert.count, alpha: member.weight, x: x, y: y)
                }
                own.releaseIfLarge()
            }
        }
        return result
    }
}
