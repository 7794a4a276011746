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
        SemanticPrior.mean(neighbourhood, of: library.experts.map(\.mean))
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
        var result = [Float](repeating: 0, count: library.layout.parameterCount)
        result.withUnsafeMutableBufferPointer { result in
            for expert in library.experts {
                expert.mean.withUnsafeBufferPointer { mean in
                    guard let x = mean.baseAddress, let y = result.baseAddress else { return }
                    BLAS.axpy(count: mean.count, alpha: 1 / Float(library.experts.count), x: x, y: y)
                }
            }
        }
        return result
    }
}
