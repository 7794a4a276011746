internal import CEncoderKernels

/// The kernels of the encoder's forward pass, compiled for this processor.
///
/// A result for a row depends neither on the number of rows nor on the row's place among them, so a text has the same
/// embedding in every batch, bit for bit.
enum EncoderKernels {
    // Sendable: the levels are constants of the program.
    nonisolated(unsafe) private static let level = encoder_fastest_level().pointee

    /// What the kernels are called: `AVX512`, `AVX2`, `NEON` or `portable`.
    static let name = String(cString: level.name)

    /// The size of a matrix when it is packed, in bytes.
    static func packedSize(outputs: Int, inputs: Int, _ format: EncoderFormat) -> Int {
        level.packed_bytes(outputs, inputs, format)
    }

    /// Packs the matrix W `[outputs, inputs]`, row-major.
    static func pack(
        _ w: UnsafePointer<Float>, outputs: Int, inputs: Int, _ format: EncoderFormat,
        into panels: UnsafeMutableRawPointer
    ) -> EncoderWeights {
        level.pack(w, outputs, inputs, format, panels)
        return EncoderWeights(
            outputs: outputs, inputs: inputs, format: format, panels: UnsafeRawPointer(panels))
    }

    /// y = scale·x·Wᵀ + bias, GELU of that, or y + scale·x·Wᵀ, for `rows` rows.
    ///
    /// - Parameters:
    ///   - x: rows `xStride` numbers apart.
    ///   - bias: one number for each output; nil for none.
    ///   - y: rows `yStride` numbers apart.
    static func multiply(
        rows: Int, x: UnsafePointer<Float>, xStride: Int, by weights: EncoderWeights,
        bias: UnsafePointer<Float>? = nil, scale: Float = 1, result: EncoderResult = ENCODER_STORE,
        y: UnsafeMutablePointer<Float>, yStride: Int
    ) {
        var product = EncoderProduct(
            rows: rows, x: x, x_stride: xStride, weights: weights, bias: bias, scale: scale, result: result,
            y: y, y_stride: yStride)
        level.multiply(&product)
    }

    /// How many numbers of working memory ``attend(_:)`` needs for a text.
    static func attentionFloats(tokens: Int, headSize: Int) -> Int {
        level.attention_floats(tokens, headSize)
    }

    /// Multi-head self-attention of one text.
    static func attend(_ attention: EncoderAttention) {
        withUnsafePointer(to: attention) { level.attend($0) }
    }

    /// Layer normalisation of rows.
    static func normalise(_ norm: EncoderNorm) {
        withUnsafePointer(to: norm) { level.normalise($0) }
    }

    /// values ← x·Φ(x), the exact GELU.
    static func gelu(_ values: UnsafeMutablePointer<Float>, count: Int) { level.gelu(values, count) }

    /// The mean of `count` rows, scaled to unit length; returns its length before.
    static func unitMean(
        _ rows: UnsafePointer<Float>, count: Int, width: Int, into mean: UnsafeMutablePointer<Float>
    ) -> Float {
        level.mean(rows, count, width, mean)
    }
}
