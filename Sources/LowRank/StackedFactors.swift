internal import ErrorModel
internal import LinearAlgebra

/// The terms' factors at one site, one above the other and side by side, in double precision.
struct StackedFactors {
    /// A', `[n, in]` with n = terms · rank.
    private var a: DoubleMatrix
    /// B', `[out, n]`, with the weights.
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

    /// A `[rank, in]` and B `[out, rank]` of the best approximation, of one size; directions beneath rounding are zero.
    func truncated(to rank: Int) throws(SgloradError) -> (a: [Float], b: [Float]) {
        let grams = SiteGrams(
            a: a.multiplied(by: a, transposeOther: true), b: b.multiplied(by: b, transposeSelf: true))
        let (left, right) = try ThinFrame(grams).balanced(to: rank)
        return (
            left.multiplied(by: a).values.map { Float($0) }, b.multiplied(by: right).values.map { Float($0) }
        )
    }
}
