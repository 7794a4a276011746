internal import LinearAlgebra

extension BERTEncoder {
    /// Multi-head self-attention of one text: softmax(Q·Kᵀ/√d)·V for each head.
    ///
    /// Source: Vaswani et al., "Attention Is All You Need", 2017.
    ///
    /// - Parameters:
    ///   - span: the text's tokens, as rows of `projections` and `context`.
    ///   - scores: room for `[n, n]`, or for one such matrix per head if all are kept.
    func attend(
        _ span: Range<Int>, projections: UnsafePointer<Float>, context: UnsafeMutablePointer<Float>,
        scores: UnsafeMutablePointer<Float>, keepingEveryHead: Bool = false
    ) {
        let tokens = span.count
        let size = configuration.headSize
        let stride = 3 * width
        let scale = 1 / Float(size).squareRoot()
        for head in 0..<configuration.heads {
            let query = projections + span.lowerBound * stride + head * size
            let key = query + width
            let value = key + width
            let attention = keepingEveryHead ? scores + head * tokens * tokens : scores
            BLAS.gemm(
                m: tokens, n: tokens, k: size, alpha: scale, a: query, lda: stride, b: key, ldb: stride,
                transposeB: true, c: attention, ldc: tokens)
            for row in 0..<tokens { Kernels.softmax(attention + row * tokens, count: tokens) }
            BLAS.gemm(
                m: tokens, n: size, k: tokens, a: attention, lda: tokens, b: value, ldb: stride,
                c: context + span.lowerBound * width + head * size, ldc: width)
        }
    }

    /// The backward pass of ``attend(_:projections:context:scores:keepingEveryHead:)``.
    ///
    /// With P the attention and O = P·V: dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P∘(dP − row sums of dP∘P), dQ =
    /// dS·K/√d, dK = dSᵀ·Q/√d.
    ///
    /// - Parameters:
    ///   - scores: the attention that was kept, `[n, n]` for each head.
    ///   - context: the gradient with respect to the context.
    ///   - gradient: receives the gradient with respect to the projections.
    ///   - work: room for `[n, n]`.
    func attendBack(
        _ span: Range<Int>, projections: UnsafePointer<Float>, scores: UnsafePointer<Float>,
        context: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>,
        work: UnsafeMutablePointer<Float>
    ) {
        let tokens = span.count
        let size = configuration.headSize
        let stride = 3 * width
        let scale = 1 / Float(size).squareRoot()
        for head in 0..<configuration.heads {
            let offset = span.lowerBound * stride + head * size
            let query = projections + offset
            let attention = scores + head * tokens * tokens
            let output = context + span.lowerBound * width + head * size
            BLAS.gemm(
                m: tokens, n: size, k: tokens, a: attention, lda: tokens, transposeA: true, b: output,
                ldb: width,
                c: gradient + offset + 2 * width, ldc: stride)
            BLAS.gemm(
                m: tokens, n: tokens, k: size, a: output, lda: width, b: query + 2 * width, ldb: stride,
                transposeB: true, c: work, ldc: tokens)
            for row in 0..<tokens {
                Kernels.softmaxBack(attention + row * tokens, gradient: work + row * tokens, count: tokens)
            }
            BLAS.gemm(
                m: tokens, n: size, k: tokens, alpha: scale, a: work, lda: tokens, b: query + width,
                ldb: stride,
                c: gradient + offset, ldc: stride)
            BLAS.gemm(
                m: tokens, n: size, k: tokens, alpha: scale, a: work, lda: tokens, transposeA: true, b: query,
                ldb: stride, c: gradient + offset + width, ldc: stride)
        }
    }
}
