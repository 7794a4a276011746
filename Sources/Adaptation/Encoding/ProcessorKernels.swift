internal import LinearAlgebra
package import TextEncoding

/// What this processor computes with.
///
/// One seed gives the same bytes wherever the names are the same.
package enum ProcessorKernels {
    /// The names of the linear algebra library's kernel and of the text encoder's, such as `Haswell, encoder AVX2`.
    ///
    /// - Parameter precision: how the encoder holds its weights; `f32` is not named.
    package static func name(_ precision: EncoderPrecision? = nil) -> String {
        let own = "\(BLAS.kernel), encoder \(SentenceEncoder.kernels)"
        guard let precision, precision != .float32 else { return own }
        return "\(own) \(precision.rawValue)"
    }
}
