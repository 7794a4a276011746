internal import CEncoderKernels
internal import LinearAlgebra
internal import LowRank

/// A linear layer, y = x·Wᵀ + b, optionally with an adapter.
struct LinearLayer: Sendable {
    /// The layer's name and features, as an adapter refers to it.
    let site: Site
    /// Its position among the encoder's linear layers.
    let index: Int
    /// W, `[out, in]`, row-major, in place in the model's file.
    let weight: FloatVector
    /// b, `[out]`.
    let bias: FloatVector

    /// Computes y, or GELU(y), for `rows` rows of x; rows are `xStride` and `yStride` numbers apart.
    ///
    /// With an adapter that has this layer as a site, scale·(x·Aᵀ)·Bᵀ is added first.
    ///
    /// - Parameters:
    ///   - weights: W, packed.
    ///   - low: room for `rows * rank` numbers.
    func apply(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, y: UnsafeMutablePointer<Float>, yStride: Int,
        weights: PackedWeights, adapter: AppliedAdapter?, low: UnsafeMutablePointer<Float>,
        activated: Bool = false
    ) {
        let factors = adapter?.packedFactors(of: index)
        bias.withUnsafeBufferPointer { bias in
            EncoderKernels.multiply(
                rows: rows, x: x, xStride: xStride, by: weights.matrix(of: self), bias: bias.baseAddress,
                result: activated && factors == nil ? ENCODER_STORE_GELU : ENCODER_STORE, y: y,
                yStride: yStride)
        }
        guard let adapter, let factors else { return }
        EncoderKernels.multiply(
            rows: rows, x: x, xStride: xStride, by: factors.a, y: low, yStride: adapter.rank)
        EncoderKernels.multiply(
            rows: rows, x: low, xStride: adapter.rank, by: factors.b, scale: adapter.scale,
            result: ENCODER_ADD, y: y, yStride: yStride)
        guard activated else { return }
        for row in 0..<rows { EncoderKernels.gelu(y + row * yStride, count: site.outFeatures) }
    }
}

extension LinearLayer {
    /// The backward pass: adds the gradient with respect to the input to `xGradient`, and those with respect
    /// to this layer's A and B to the adapter's gradient.
    ///
    /// With u = dY·B: dX = dY·W + scale·u·A, dB = scale·dYᵀ·(X·Aᵀ), dA = scale·uᵀ·X.
    ///
    /// - Parameters:
    ///   - x: the layer's input, rows `xStride` apart.
    ///   - yGradient: the gradient with respect to the output, rows `yStride` apart.
    ///   - xGradient: `[rows, in]`; nil if it is not needed.
    ///   - parameters: the gradient with respect to the adapter's vector.
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
