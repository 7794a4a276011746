public import ErrorModel
internal import LinearAlgebra
public import LowRank
public import SemanticGuidance

/// `weighted`: μ*, the weighted mean of the neighbourhood.
public struct WeightedGenerator: AdapterGenerator {
    /// Creates the generator, which has no state.
    public init() {}

    /// μ* of the neighbourhood; ignores the seed.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64
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
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        neighbourhood.members.first.map { library.expert($0.expert).mean.array } ?? []
    }
}

/// `mean`: the mean of all experts, whatever the intent.
public struct MeanGenerator: AdapterGenerator {
    /// Creates the generator, which has no state.
    public init() {}

    /// The library's mean; ignores the neighbourhood and the seed.
    public func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64
    ) throws(SgloradError) -> [Float] {
        try library.mean()
    }
}

extension GuidingExperts {
    /// The weighted mean μ* of a neighbourhood.
    ///
    /// The factors A and B are averaged. If one of the experts is foreign, ``exactSum(_:)`` is taken instead.
    public func merged(_ neighbourhood: Neighbourhood) throws(SgloradError) -> [Float] {
        guard neighbourhood.members.contains(where: { expert($0.expert).isForeign }) else {
            return SemanticPrior.mean(neighbourhood) { expert($0).mean }
        }
        return try exactSum(neighbourhood)
    }

    /// The weighted sum of a neighbourhood's ΔW = BA, truncated to the library's rank by SVD.
    public func exactSum(_ neighbourhood: Neighbourhood) throws(SgloradError) -> [Float] {
        let terms = neighbourhood.members.map {
            LowRankSum.Term(weight: $0.weight, parameters: expert($0.expert).mean)
        }
        return try LowRankSum.compressed(terms, on: layout)
    }
}

extension Library {
    /// The mean of all experts; see ``LibraryMean``.
    public func mean() throws(SgloradError) -> [Float] {
        var mean = LibraryMean(layout: layout, native: experts.count { !$0.isForeign })
        for expert in experts { mean.add(expert) }
        return try mean.parameters()
    }
}

/// The mean of all experts of a library, which are added one after the other in the library's order.
///
/// The factors of native experts are averaged. If there are foreign experts, the ΔW of that mean (weighted by the number of
/// native experts) and those of the foreign experts are summed and truncated to the library's rank.
public struct LibraryMean: Sendable {
    private let layout: AdapterLayout
    /// How many experts share the library's gauge.
    private let native: Int
    private var sum: [Float]
    private var foreign: [FloatVector] = []

    /// Begins a mean.
    ///
    /// - Parameters:
    ///   - layout: the library's.
    ///   - native: how many of its experts are not foreign.
    public init(layout: AdapterLayout, native: Int) {
        self.layout = layout
        self.native = native
        sum = [Float](repeating: 0, count: layout.parameterCount)
    }

    /// Adds the next expert.
    public mutating func add(_ expert: LibraryExpert) {
        guard !expert.isForeign else { return foreign.append(expert.mean) }
        sum.withUnsafeMutableBufferPointer { sum in
            expert.mean.withUnsafeBufferPointer { mean in
                guard let x = mean.baseAddress, let y = sum.baseAddress else { return }
                BLAS.axpy(count: mean.count, alpha: 1 / Float(native), x: x, y: y)
            }
        }
        expert.mean.releaseIfLarge()
    }

    /// The mean's parameters, once every expert was added.
    public func parameters() throws(SgloradError) -> [Float] {
        guard !foreign.isEmpty else { return sum }
        let count = Float(native + foreign.count)
        let terms =
            [LowRankSum.Term(weight: Float(native) / count, parameters: FloatVector(sum))]
            + foreign.map { LowRankSum.Term(weight: 1 / count, parameters: $0) }
        return try LowRankSum.compressed(terms, on: layout)
    }
}
