public import ErrorModel
internal import LinearAlgebra
internal import LowRank
public import SemanticGuidance

/// `weighted`: μ*, the weighted mean of the neighbourhood.
public struct WeightedGenerator: AdapterGenerator {
    /// Creates the generator, which has no state.
    public init() {}

    /// μ* of the neighbourhood; ignores the seed.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        try library.merged(neighbourhood)
    }
}

/// `nearest`: the mean of the nearest expert's checkpoints.
public struct NearestGenerator: AdapterGenerator {
    /// Creates the generator, which has no state.
    public init() {}

    /// The nearest expert's mean; ignores the seed.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        neighbourhood.members.first.map { library.experts[$0.expert].mean.array } ?? []
    }
}

/// `mean`: the mean of all experts, whatever the intent.
public struct MeanGenerator: AdapterGenerator {
    /// Creates the generator, which has no state.
    public init() {}

    /// The library's mean; ignores the neighbourhood and the seed.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: Library, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        try library.mean()
    }
}

extension Library {
    /// The weighted mean μ* of a neighbourhood.
    ///
    /// The factors A and B are averaged. If one of the experts is foreign, ``exactSum(_:)`` is taken instead.
    public func merged(_ neighbourhood: Neighbourhood) throws(SgloradError) -> [Float] {
        guard neighbourhood.members.contains(where: { experts[$0.expert].isForeign }) else {
            return SemanticPrior.mean(neighbourhood, of: experts.map(\.mean))
        }
        return try exactSum(neighbourhood)
    }

    /// The weighted sum of a neighbourhood's ΔW = BA, truncated to the library's rank by SVD.
    public func exactSum(_ neighbourhood: Neighbourhood) throws(SgloradError) -> [Float] {
        let terms = neighbourhood.members.map {
            LowRankSum.Term(weight: $0.weight, parameters: experts[$0.expert].mean)
        }
        return try LowRankSum.compressed(terms, on: layout)
    }

    /// The mean of all experts.
    ///
    /// The factors of native experts are averaged. If there are foreign experts, the ΔW of that mean
    /// (weighted by the number of native experts) and those of the foreign experts are summed and truncated
    /// to the library's rank.
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
