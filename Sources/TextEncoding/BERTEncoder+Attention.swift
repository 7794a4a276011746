internal import LinearAlgebra

extension BERTEncoder {
    /// Self-attention of one text, head by head: softmax(Q·Kᵀ/√d)·V.
    ///
    /// - Parameter span: the text's tokens among those in `scratch`.
    func attend(_ span: Range<Int>, _ scratch: EncoderScratch) {
        let tokens = span.count
        let size = configuration.headSize
        let stride = 3 * width
        let scale = 1 / Float(size).squareRoot()
        for head in 0..<configuration.heads {
            let query = scratch.projections + span.lowerBound * stride + head * size
            let key = query + width
            let value = key + width
            BLAS.gemm(
                m: tokens, n: tokens, k: size, alpha: scale, a: query, lda: stride, b: key, ldb: stride,
                transposeB: true, c: scratch.scores, ldc: tokens)
            for row in 0..<tokens { Kernels.softmax(scratch.scores + row * tokens, count: tokens) }
            BLAS.gemm(
                m: tokens, n: size, k: tokens, a: scratch.scores, lda: tokens, b: value, ldb: stride,
                c: scratch.context + span.lowerBound * width + head * size, ldc: width)
        }
    }
}
