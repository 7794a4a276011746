internal import LinearAlgebra
internal import StrictGGUF

/// How the elements of a tensor are stored in a file, safetensors or GGUF.
public enum StoredFloat: Sendable, Hashable {
    /// IEEE 754 single precision, `F32`.
    case float32
    /// IEEE 754 half precision, `F16`: rounded to nearest, ties to even; beyond 65,504 infinite.
    case float16

    /// The name in a safetensors header.
    var name: String { self == .float32 ? "F32" : "F16" }
    /// The size of an element in bytes.
    var width: Int { self == .float32 ? 4 : 2 }
    /// The type in a GGUF header.
    var ggufType: GGUFElementType { self == .float32 ? .float32 : .float16 }
}

extension FloatStream {
    /// Passes the numbers to `body` as a file stores them, little-endian, in order, in chunks.
    func forEachStored<E: Error>(
        as type: StoredFloat, _ body: (UnsafeRawBufferPointer) throws(E) -> Void
    ) throws(E) {
        try forEachStretch { (_, values) throws(E) in
            switch type {
            case .float32:
                #if _endian(little)
                try body(UnsafeRawBufferPointer(values))
                #else
                try values.map { $0.bitPattern.littleEndian }.withUnsafeBufferPointer {
                    (patterns) throws(E) in
                    try body(UnsafeRawBufferPointer(patterns))
                }
                #endif
            case .float16:
                try HalfPrecision.binary16(values).withUnsafeBufferPointer { (patterns) throws(E) in
                    try body(UnsafeRawBufferPointer(patterns))
                }
            }
        }
    }
}
