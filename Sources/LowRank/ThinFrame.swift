internal import ErrorModel
internal import LinearAlgebra

/// The part of a site's factors that reaches ΔW, in a canonical frame in which A has orthonormal rows on
/// average.
///
/// ΔW = B·A = (B·R)(L·A), with L `[k, rank]`, R `[rank, k]` and k the effective rank, for every checkpoint
/// whose inner products the frame was computed from. Up to a rotation it is independent of the factors'
/// gauge.
struct ThinFrame: Sendable {
    /// L, `[k, rank]`.
    let left: DoubleMatrix
    /// R, `[rank, k]`.
    let right: DoubleMatrix

    /// The k singular values of ΔW, largest first.
    let values: [Double]

    /// Singular values of ΔW up to this fraction of ‖A‖‖B‖ are rounding errors of single precision.
    static let tolerance = 3e-6

    init(_ grams: SiteGrams) throws(SgloradError) {
        // Rows of very different size are first balanced against B's columns, which keeps the other inner
        // products precise.
        let balance = (0..<grams.rank).map { index -> Double in
            let (a, b) = (grams.a[index, index], grams.b[index, index])
            return a > 0 && b > 0 ? (b / a).squareRoot().squareRoot() : 1
        }
        let inverse = balance.map { 1 / $0 }
        let a = try SymmetricRoot(
            grams.a.scalingRows(by: balance).scalingColumns(by: balance), tolerance: 1e-7)
        let b = try SymmetricRoot(
            grams.b.scalingRows(by: inverse).scalingColumns(by: inverse), tolerance: 1e-7)
        // ΔW and M = FbᵀFa have the same singular values.
        let m = b.factor.multiplied(by: a.factor, transposeSelf: true)
        let eigen = try SymmetricEigen(m.multiplied(by: m, transposeSelf: true).values, order: a.rank)
        let floor = Self.tolerance * (a.roots.first ?? 0) * (b.roots.first ?? 0)
        let kept = eigen.values.prefix { $0 > floor * floor && $0 > 0 }
        let v = DoubleMatrix(rows: a.rank, joining: Array(eigen.vectors.prefix(kept.count)))
        values = kept.map { $0.squareRoot() }
        left = v.multiplied(by: a.inverseFactor, transposeSelf: true).scalingColumns(by: balance)
        right = a.factor.multiplied(by: v).scalingRows(by: inverse)
    }

    /// The effective rank k.
    var rank: Int { left.rows }

    /// L `[total, rank]` and R `[rank, total]` of the first `total` directions, with given norms of A's rows,
    /// padded with zeros.
    private func scaled(_ norms: [Double], total: Int) -> (left: DoubleMatrix, right: DoubleMatrix) {
        var left = DoubleMatrix(rows: total, columns: self.left.columns)
        var right = DoubleMatrix(rows: self.right.rows, columns: total)
        for index in 0..<min(total, rank) {
            for component in 0..<left.columns {
                left[index, component] = norms[index] * self.left[index, component]
                right[component, index] = self.right[component, index] / norms[index]
            }
        }
        return (left, right)
    }

    /// The first directions only, with A and B of equal norm: the best approximation of ΔW of that rank.
    func balanced(to total: Int) -> (left: DoubleMatrix, right: DoubleMatrix) {
        scaled(values.map { $0.squareRoot() }, total: total)
    }

    /// All directions, with A and B of equal norm.
    var balancedMap: SiteMap {
        let maps = balanced(to: max(1, rank))
        return .linear(left: maps.left, right: maps.right)
    }

    /// All directions, with one norm for all rows of A, padded with zeros to `total` components.
    func map(norm: Double, total: Int) -> SiteMap {
        let maps = scaled([Double](repeating: norm, count: rank), total: max(total, rank))
        return .linear(left: maps.left, right: maps.right)
    }
}
