internal import CEncoderKernels

/// How the encoder holds the weights of its linear layers; all sums are in single precision.
public enum EncoderPrecision: String, Sendable, Hashable, CaseIterable, Codable {
    /// 32 bits a weight, as in the model's file.
    case float32 = "f32"
    /// 16 bits a weight, rounded to the nearest bfloat16: half the memory, and faster where reading it is what a text
    /// waits for. Embeddings differ slightly.
    case bfloat16 = "bf16"
    /// 16 bits a weight, rounded to the nearest number in half precision: as fast as `bf16`, and embeddings differ an eighth
    /// as much. A layer with a weight beyond ±65,504 keeps 32 bits.
    case float16 = "f16"

    /// The precision that serves unless another is asked for.
    public static let standard = EncoderPrecision.float32

    /// The format in which the weights of a layer are held.
    ///
    /// - Parameter largest: the largest magnitude among them.
    func format(upTo largest: Float) -> EncoderFormat {
        switch self {
        case .float32: ENCODER_FLOAT32
        case .float16: largest <= 65_504 ? ENCODER_FLOAT16 : ENCODER_FLOAT32
        case .bfloat16: ENCODER_BFLOAT16
        }
    }
}
