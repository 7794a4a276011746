internal import LinearAlgebra
internal import LowRank

/// One linear layer: y = x·Wᵀ + b.
struct LinearLayer: Sendable {
    /// The layer as an adapter names it.
    let site: Site
    /// Its place among the encoder's linear layers.
    let index: Int
    /// W, `[out, in]`, row-major, in place in the model's file.
    let weight: FloatVector
    /// b, `[out]`.
    let bias: FloatVector

    /// Writes y for `rows` rows of x; rows lie `xStride` and `yStride` numbers apart.
    ///
    /// With an adapter that names this layer, scale·(x·Aᵀ)·Bᵀ is added; `low` is room for `rows * rank` numbers.
    func apply(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>, yStride: Int,
        adapter: AppliedAdapter?, low: UnsafeMutablePointer<Float>
    ) {
        bias.withUnsafeBufferPointer { bias in
            guard let bias = bias.baseAddress else { return }
            for row in 0..<rows { (y + row * yStride).update(from: bias, count: site.outFeatures) }
        }
        weight.withUnsafeBufferPointer { weight in
            guard let weight = weight.baseAddress else { return }
            BLAS.gemm(
                m: rows, n: site.outFeatures, k: site.inFeatures, a: x, lda: xStride,
                b: weight, ldb: site.inFeatures, transposeB: true, beta: 1, c: y, ldc: yStride)
        }
        guard let adapter, let factors = adapter.factors(of: index) else { return }
        BLAS.gemm(
            m: rows, n: adapter.rank, k: site.inFeatures, a: x, lda: xStride,
            b: factors.a, ldb: site.inFeatures, transposeB: true, c: low, ldc: adapter.rank)
        BLAS.gemm(
            m: rows, n: site.outFeatures, k: adapter.rank, alpha: adapter.scale, a: low, lda: adapter.rank,
            b: factors.b, ldb: adapter.rank, transposeB: true, beta: 1, c: y, ldc: yStride)
    }
}
