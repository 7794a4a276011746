public import ErrorModel
public import LinearAlgebra

/// The weighted sum of several adapters' ΔW, truncated to the layout's rank by singular value decomposition.
///
/// Unlike the mean of the factors, the sum does not depend on the adapters' gauges. At each site the terms'
/// factors are stacked: ΔW = Σ w B A = B' A' with B' `[out, n]`, A' `[n, in]` and n = terms · rank. All
/// decompositions are of Gram matrices `[n, n]`; ΔW itself, `[out, in]`, is never formed. The truncation is
/// optimal (Eckart and Young, "The approximation of one matrix by another of lower rank", 1936).
public enum LowRankSum {
    public struct Term: Sendable {
        /// The factor of the adapter's ΔW; finite.
        public let weight: Float
        /// The adapter's vector on the layout.
        public let parameters: FloatVector

        public init(weight: Float, parameters: FloatVector) {
            self.weight = weight
            self.parameters = parameters
        }
    }

    /// The adapter of the layout's rank that is nearest to the weighted sum in the Frobenius norm of every
    /// site's ΔW.
    ///
    /// Singular values are split evenly between A and B.
    ///
    /// - Returns: `layout.parameterCount` numbers.
    /// - Throws: `internal` if the factors hold NaN or infinity.
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

/// The terms' factors at one site, stacked, in double precision.
struct StackedFactors {
    /// A', `[n, in]` with n = terms · rank.
    private var a: DoubleMatrix
    /// B', `[out, n]`, with the weights folded in.
    private var b: DoubleMatrix

    init(_ terms: [LowRankSum.Term], slice: SiteSlice, rank: Int) {
        a = DoubleMatrix(rows: terms.count * rank, columns: slice.site.inFeatures)
        b = DoubleMatrix(rows: slice.site.outFeatures, columns: terms.count * rank)
        for (place, term) in terms.enumerated() {
            let factors = SiteDoubles(slice, of: term.parameters, rank: rank)
            let start = place * factors.a.values.count
            a.values.replaceSubrange(start..<start + factors.a.values.count, with: factors.a.values)
            for row in 0..<b.rows {
                for column in 0..<rank {
                    b[row, place * rank + column] = Double(term.weight) * factors.b[row, column]
                }
            }
        }
    }

    /// A `[rank, in]` and B `[out, rank]` of the best approximation, with balanced norms; directions below
    /// rounding error are zero.
    func truncated(to rank: Int) throws(SgloradError) -> (a: [Float], b: [Float]) {
        let grams = SiteGrams(
            a: a.multiplied(by: a, transposeOther: true), b: b.multiplied(by: b, transposeSelf: true))
        let (left, right) = try ThinFrame(grams).balanced(to: rank)
        return (
            left.multiplied(by: a).values.map { Float($0) }, b.multiplied(by: right).values.map { Float($0) }
        )
    }
}
