internal import LinearAlgebra

/// The change of gauge at one site: A becomes L·A, B becomes B·R.
enum SiteMap: Sendable {
    /// The factors are kept bit for bit.
    case identity
    /// These components are kept bit for bit; the others are zero in A or in B.
    case selection([Int])
    /// L `[new rank, rank]` and R `[rank, new rank]`.
    case linear(left: DoubleMatrix, right: DoubleMatrix)

    /// Applies one map to each site of a layout.
    ///
    /// - Parameter maps: in the order of `layout.sites`; factors of other sites are not changed.
    static func apply(
        _ maps: [SiteMap], to factors: [SiteFactors], on layout: AdapterLayout
    ) -> [SiteFactors] {
        let byPath = Dictionary(zip(layout.sites.map(\.path), maps)) { first, _ in first }
        return factors.map { byPath[$0.site.path]?.applied(to: $0) ?? $0 }
    }

    func applied(to factors: SiteFactors) -> SiteFactors {
        let (inputs, outputs) = (factors.site.inFeatures, factors.site.outFeatures)
        switch self {
        case .identity: return factors
        case .selection(let components):
            let a = components.flatMap { factors.a[$0 * inputs..<($0 + 1) * inputs] }
            var b: [Float] = []
            b.reserveCapacity(components.count * outputs)
            for row in 0..<outputs {
                for component in components { b.append(factors.b[row * factors.rank + component]) }
            }
            return SiteFactors(
                site: factors.site, rank: components.count, scale: factors.scale, a: a, b: b)
        case .linear(let left, let right):
            let a = factors.a.withUnsafeBufferPointer {
                left.multiplied(by: DoubleMatrix(rows: factors.rank, columns: inputs, floats: $0))
            }
            let b = factors.b.withUnsafeBufferPointer {
                DoubleMatrix(rows: outputs, columns: factors.rank, floats: $0).multiplied(by: right)
            }
            return SiteFactors(
                site: factors.site, rank: left.rows, scale: factors.scale, a: a.values.map { Float($0) },
                b: b.values.map { Float($0) })
        }
    }
}
