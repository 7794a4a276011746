/// A format that adapters are written in; the raw value is its name in the protocol and on the command line.
public enum AdapterFormat: String, Sendable, Codable, CaseIterable {
    /// `adapter_config.json` and `adapter_model.safetensors`, in single precision.
    case peft
    /// `adapter_model.gguf`, in single precision.
    case gguf
    /// `adapter_model.gguf`, in half precision.
    case ggufHalf = "gguf-f16"

    /// How a GGUF file of this format stores its numbers; nil if it is none.
    public var ggufType: GGUFWriter.ElementType? {
        switch self {
        case .peft: nil
        case .gguf: .float32
        case .ggufHalf: .float16
        }
    }
}
