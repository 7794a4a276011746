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

    /// Computes y for `rows` rows of x; rows are `xStride` and `yStride` numbers apart.
    ///
    /// With an adapter that has this layer as a site, scale·(x·Aᵀ)·Bᵀ is added; `low` is room for `rows *
    /// rank` numbers.
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

/// An adapter's factors by linear layer, valid as long as the adapter's memory is.
struct AppliedAdapter {
    let rank: Int
    /// The factor of B·A in ΔW.
    let scale: Float
    private let parameters: UnsafePointer<Float>
    /// The ranges of each linear layer's factors; nil if the adapter does not change the layer.
    private let slices: [SiteSlice?]

    /// Calls `body` with an adapter whose layout the encoder has checked, or with nil.
    static func with<R>(
        _ adapter: LoRAAdapter?, over layers: [LinearLayer], _ body: (AppliedAdapter?) -> R
    ) -> R {
        guard let adapter else { return body(nil) }
        var byPath: [String: SiteSlice] = [:]
        for slice in adapter.layout.slices { byPath[slice.site.path] = slice }
        let slices = layers.map { byPath[$0.site.path] }
        return adapter.parameters.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return body(nil) }
            return body(
                AppliedAdapter(
                    rank: adapter.layout.rank, scale: adapter.layout.scale, parameters: base, slices: slices))
        }
    }

    /// The ranges of a layer's factors in the adapter's vector; nil if the adapter does not change the layer.
    func slice(of layer: Int) -> SiteSlice? { slices[layer] }

    /// A `[rank, in]` and B `[out, rank]` of a layer; nil if the adapter does not change it.
    func factors(of layer: Int) -> (a: UnsafePointer<Float>, b: UnsafePointer<Float>)? {
        guard let slice = slices[layer] else { return nil }
        return (parameters + slice.a.lowerBound, parameters + slice.b.lowerBound)
    }
}
