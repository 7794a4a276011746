internal import ErrorModel
internal import LinearAlgebra

/// The terms' factors at one site, side by side, in double precision.
struct StackedFactors {
    /// n = terms · rank.
    let count: Int
    let inFeatures: Int
    let outFeatures: Int
    /// A', `[n, in]`, each row times √|w|.
    private var a: [Double]
    /// B'ᵀ, `[n, out]`, each row times √|w| and the weight's sign.
    private var b: [Double]

    init(_ terms: [LowRankSum.Term], slice: SiteSlice, rank: Int) {
        count = terms.count * rank
        inFeatures = slice.site.inFeatures
        outFeatures = slice.site.outFeatures
        a = []
        b = [Double](repeating: 0, count: count * outFeatures)
        a.reserveCapacity(count * inFeatures)
        for (place, term) in terms.enumerated() {
            let weight = Double(term.weight)
            let root = abs(weight).squareRoot()
            let signed = weight < 0 ? -root : root
            term.parameters[slice.a].withUnsafeBufferPointer {
                a.append(contentsOf: $0.map { root * Double($0) })
            }
            term.parameters[slice.b].withUnsafeBufferPointer { values in
                for row in 0..<outFeatures {
                    for column in 0..<rank {
                        b[(place * rank + column) * outFeatures + row] =
                            signed * Double(values[row * rank + column])
                    }
                }
            }
        }
    }

    /// A `[rank, in]` and B `[out, rank]` of the best approximation.
    ///
    /// With A'A'ᵀ = Q L Qᵀ and C = Q √L, the right singular vectors come from Cᵀ (B'ᵀB') C = Z S² Zᵀ:
    /// U S = B' C Z and Vᵀ = Zᵀ L^-½ Qᵀ A'. Directions beneath the arithmetic's precision are left zero.
    func truncated(to rank: Int) throws(SgloradError) -> (a: [Float], b: [Float]) {
        var newA = [Float](repeating: 0, count: rank * inFeatures)
        var newB = [Float](repeating: 0, count: outFeatures * rank)
        let left = try SymmetricEigen(gram(a, inFeatures), order: count)
        let kept = Self.significant(left.values)
        let roots = left.values.prefix(kept).map { $0.squareRoot() }
        let c = (0..<kept).map { place in left.vectors[place].map { $0 * roots[place] } }
        let gramB = gram(b, outFeatures)
        let images = c.map { column in multiply(gramB, column) }
        var inner = [Double](repeating: 0, count: kept * kept)
        for row in 0..<kept {
            for column in 0..<kept { inner[row * kept + column] = dot(c[row], images[column]) }
        }
        let core = try SymmetricEigen(inner, order: kept)
        for place in 0..<min(rank, Self.significant(core.values)) {
            let singular = core.values[place].squareRoot()
            let root = singular.squareRoot()
            // Coefficients over the stacked rows: of A' for Vᵀ, of B' for U S.
            var byA = [Double](repeating: 0, count: count)
            var byB = [Double](repeating: 0, count: count)
            for index in 0..<kept {
                let share = core.vectors[place][index]
                for row in 0..<count {
                    byA[row] += share * left.vectors[index][row] / roots[index]
                    byB[row] += share * c[index][row]
                }
            }
            for (column, value) in combine(a, byA, inFeatures).enumerated() {
                newA[place * inFeatures + column] = Float(root * value)
            }
            for (row, value) in combine(b, byB, outFeatures).enumerated() {
                newB[row * rank + place] = Float(value / root)
            }
        }
        return (newA, newB)
    }

    /// How many eigenvalues, descending, stand above rounding.
    private static func significant(_ values: [Double]) -> Int {
        guard let largest = values.first, largest > 0 else { return 0 }
        return values.prefix { $0 > largest * 1e-13 }.count
    }

    /// X Xᵀ of `[n, width]`.
    private func gram(_ x: [Double], _ width: Int) -> [Double] {
        var result = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0...row {
                var sum = 0.0
                for index in 0..<width { sum += x[row * width + index] * x[column * width + index] }
                result[row * count + column] = sum
                result[column * count + row] = sum
            }
        }
        return result
    }

    /// The rows of `[n, width]`, each times its share, summed.
    private func combine(_ x: [Double], _ shares: [Double], _ width: Int) -> [Double] {
        var result = [Double](repeating: 0, count: width)
        for row in 0..<count {
            for index in 0..<width { result[index] += shares[row] * x[row * width + index] }
        }
        return result
    }

    private func multiply(_ matrix: [Double], _ vector: [Double]) -> [Double] {
        (0..<count).map { row in
            var sum = 0.0
            for index in 0..<count { sum += matrix[row * count + index] * vector[index] }
            return sum
        }
    }

    private func dot(_ first: [Double], _ second: [Double]) -> Double {
        zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
