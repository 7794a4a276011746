internal import LinearAlgebra
internal import LowRank

extension LinearLayer {
    /// Adds to `xGradient` the gradient by the input, and to the adapter's gradient that by this layer's A and B.
    ///
    /// With u = dY·B: dX = dY·W + scale·u·A, dB = scale·dYᵀ·(X·Aᵀ), dA = scale·uᵀ·X.
    ///
    /// - Parameters:
    ///   - x: the layer's input, rows `xStride` apart.
    ///   - yGradient: the gradient by the output, rows `yStride` apart.
    ///   - xGradient: `[rows, in]`; nil where the gradient by the input is not wanted.
    ///   - parameters: the gradient by the adapter's vector.
    ///   - low: room for twice `rows * rank` numbers.
    func back(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, yGradient: UnsafePointer<Float>, yStride: Int,
        xGradient: UnsafeMutablePointer<Float>?, adapter: AppliedAdapter,
        parameters: UnsafeMutablePointer<Float>, low: UnsafeMutablePointer<Float>
    ) {
        let (inputs, outputs) = (site.inFeatures, site.outFeatures)
        if let xGradient {
            weight.withUnsafeBufferPointer { weight in
                guard let weight = weight.baseAddress else { return }
                BLAS.gemm(
                    m: rows, n: inputs, k: outputs, a: yGradient, lda: yStride, b: weight, ldb: inputs,
                    beta: 1,
                    c: xGradient, ldc: inputs)
            }
        }
        guard let factors = adapter.factors(of: index), let slice = adapter.slice(of: index) else { return }
        let (rank, scale) = (adapter.rank, adapter.scale)
        let projected = low
        let returned = low + rows * rank
        BLAS.gemm(
            m: rows, n: rank, k: inputs, a: x, lda: xStride, b: factors.a, ldb: inputs, transposeB: true,
            c: projected, ldc: rank)
        BLAS.gemm(
            m: rows, n: rank, k: outputs, a: yGradient, lda: yStride, b: factors.b, ldb: rank, c: returned,
            ldc: rank)
        BLAS.gemm(
            m: outputs, n: rank, k: rows, alpha: scale, a: yGradient, lda: yStride, transposeA: true,
            b: projected,
            ldb: rank, beta: 1, c: parameters + slice.b.lowerBound, ldc: rank)
        BLAS.gemm(
            m: rank, n: inputs, k: rows, alpha: scale, a: returned, lda: rank, transposeA: true, b: x,
            ldb: xStride,
            beta: 1, c: parameters + slice.a.lowerBound, ldc: inputs)
        guard let xGradient else { return }
        BLAS.gemm(
            m: rows, n: inputs, k: rank, alpha: scale, a: returned, lda: rank, b: factors.a, ldb: inputs,
            beta: 1,
            c: xGradient, ldc: inputs)
    }
}
