internal import CEncoderKernels
internal import LinearAlgebra

extension BERTEncoder {
    /// Multi-head self-attention of one text: softmax(Q·Kᵀ/√d)·V for each head.
    ///
    /// Source: Vaswani et al., "Attention Is All You Need", 2017.
    ///
    /// - Parameters:
    ///   - span: the text's tokens, as rows of `projections` and `context`.
    ///   - work: room for as many numbers as ``EncoderKernels/attentionFloats(tokens:headSize:)`` says.
    ///   - kept: receives the attention of every head, `[n, n]` each; nil if it is not needed.
    func attend(
        _ span: Range<Int>, projections: UnsafePointer<Float>, context: UnsafeMutablePointer<Float>,
        work: UnsafeMutablePointer<Float>, kept: UnsafeMutablePointer<Float>? = nil
    ) {
        EncoderKernels.attend(
            EncoderAttention(
                tokens: span.count, heads: configuration.heads, head_size: configuration.headSize,
                projections: projections + span.lowerBound * 3 * width,
                context: context + span.lowerBound * width, kept: kept, work: work))
    }

    /// The backward pass of ``attend(_:projections:context:work:kept:)``.
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
