public import ErrorModel
internal import LinearAlgebra
internal import LowRank
public import SemanticGuidance

/// `weighted`: μ*, the weighted mean of the neighbourhood.
public struct WeightedGenerator: AdapterGenerator {
    /// Makes the strategy; it has no state.
    public init() {}

    /// μ* of the neighbourhood; the seed is not used.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        try library.merged(neighbourhood)
    }
}

/// `nearest`: the mean of the nearest expert's checkpoints.
public struct NearestGenerator: AdapterGenerator {
    /// Makes the strategy; it has no state.
    public init() {}

    /// The nearest expert's mean; the seed is not used.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        neighbourhood.members.first.map { library.experts[$0.expert].mean.array } ?? []
    }
}

/// `mean`: the mean of all experts, whatever the intent.
public struct MeanGenerator: AdapterGenerator {
    /// Makes the strategy; it has no state.
    public init() {}

    /// The library's mean; neither the neighbourhood nor the seed is used.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        try library.mean()
    }
}

extension Library {
    /// The weighted mean of a neighbourhood: of the factors, or where one of the experts is foreign, of ΔW, cut to the
    /// library's rank.
    public func merged(_ neighbourhood: Neighbourhood) throws(SgloradError) -> [Float] {
        let members = neighbourhood.members
        guard members.contains(where: { experts[$0.expert].isForeign }) else {
            return SemanticPrior.mean(neighbourhood, of: experts.map(\.mean))
        }
        let terms = members.map {
            LowRankSum.Term(weight: $0.weight, parameters: experts[$0.expert].mean)
        }
        return try LowRankSum.compressed(terms, on: layout)
    }

    /// The mean of all experts: of the factors of those that share the library's gauge, and of ΔW over these as one and
    /// each foreign one.
    public func mean() throws(SgloradError) -> [Float] {
        let (foreign, own) = (experts.filter(\.isForeign), experts.filter { !$0.isForeign })
        var result = [Float](repeating: 0, count: layout.parameterCount)
        result.withUnsafeMutableBufferPointer { result in
            for expert in own {
                expert.mean.withUnsafeBufferPointer { mean in
                    guard let x = mean.baseAddress, let y = result.baseAddress else { return }
                    BLAS.axpy(count: mean.count, alpha: 1 / Float(own.count), x: x, y: y)
                }
                expert.mean.releaseIfLarge()
            }
        }
        guard !foreign.isEmpty else { return result }
        let count = Float(experts.count)
        let terms =
            [LowRankSum.Term(weight: Float(own.count) / count, parameters: FloatVector(result))]
            + foreign.map { LowRankSum.Term(weight: 1 / count, parameters: $0.mean) }
        return try LowRankSum.compressed(terms, on: layout)
    }
}
