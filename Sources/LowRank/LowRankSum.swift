public import ErrorModel
public import LinearAlgebra

/// The sum of several adapters' ΔW, exact and then cut to the layout's rank by the singular value decomposition.
///
/// Unlike the mean of the factors it does not depend on the adapters' gauges. At a site, the terms' factors are stacked:
/// ΔW = Σ w B A = B' A' with B' `[out, n]`, A' `[n, in]` and n = terms · rank. All decompositions are of Gram matrices
/// `[n, n]`; ΔW itself, `[out, in]`, is never formed.
public enum LowRankSum {
    /// One adapter of the sum.
    public struct Term: Sendable {
        /// What its ΔW is multiplied by; finite.
        public let weight: Float
        /// The adapter's numbers on the layout.
        public let parameters: FloatVector

        /// Makes a term.
        public init(weight: Float, parameters: FloatVector) {
            self.weight = weight
            self.parameters = parameters
        }
    }

    /// The adapter of the layout's rank that is nearest to the weighted sum in the Frobenius norm of every site's ΔW.
    ///
    /// Singular values are split evenly onto A and B.
    ///
    /// - Returns: `layout.parameterCount` numbers.
    /// - Throws: `internal` if the factors hold NaN or Inf.
    public static func compressed(_ terms: [Term], on layout: AdapterLayout) throws(SgloradError) -> [Float] {
        var result = [Float](repeating: 0, count: layout.parameterCount)
        for slice in layout.slices {
            let sum = try StackedFactors(terms, slice: slice, rank: layout.rank).truncated(to: layout.rank)
            result.replaceSubrange(slice.a, with: sum.a)
            result.replaceSubrange(slice.b, with: sum.b)
        }
        return result
    }
}
