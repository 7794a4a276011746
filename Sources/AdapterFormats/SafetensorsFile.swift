public import ErrorModel

/// A safetensors file, read strictly and mapped into memory read-only.
///
/// The mapping lives as long as this value or any vector from it. The file must not be shortened meanwhile. Source of the
/// format: github.com/safetensors/safetensors, `safetensors/src/tensor.rs` (format 0.8); beyond its rules this reader
/// refuses names that stand twice, control characters in names, unknown fields, and white space before the header.
public struct SafetensorsFile: Sendable {
    /// What errors call the file.
    public let displayName: String
    /// The strings under `__metadata__`; empty if there are none.
    public let metadata: [String: String]
    /// The tensors, sorted by name (by the bytes of its UTF-8).
    public let tensors: [Tensor]

    let mapping: FileMapping
    private let indices: [String: Int]

    /// Maps a file and checks its header.
    ///
    /// Time and memory grow with the header's length, which is at most the file's. Numbers are not looked at: see
    /// ``requireFinite(_:)``.
    ///
    /// - Parameters:
    ///   - path: where the file is; symbolic links are followed.
    ///   - displayName: what errors call the file; its path if not given.
    /// - Throws: `invalidFile` that says what is wrong.
    public init(path: String, displayName: String? = nil) throws(SgloradError) {
        let name = displayName ?? path
        let mapping = try FileMapping(path: path, displayName: name)
        let header = try SafetensorsHeader(of: mapping.bytes, file: name)
        self.displayName = name
        self.mapping = mapping
        metadata = header.metadata
        tensors = header.tensors
        var indices: [String: Int] = [:]
        indices.reserveCapacity(header.tensors.count)
        for (index, tensor) in header.tensors.enumerated() { indices[tensor.name] = index }
        self.indices = indices
    }

    /// The tensor of a name, if there is one.
    public func tensor(named name: String) -> Tensor? {
        indices[name].map { tensors[$0] }
    }
}

extension SafetensorsFile {
    /// What one number of a tensor is stored as.
    public enum ElementType: Sendable, Hashable {
        /// IEEE 754 single precision, `F32`.
        case float32
        /// IEEE 754 half precision, `F16`.
        case float16
        /// The upper half of single precision, `BF16`.
        case bfloat16
        /// Another type of the format, by its name there, such as `I64`.
        case other(String)

        /// The name in the format.
        public var name: String {
            switch self {
            case .float32: "F32"
            case .float16: "F16"
            case .bfloat16: "BF16"
            case .other(let name): name
            }
        }
    }

    /// One tensor as the header describes it.
    public struct Tensor: Sendable {
        /// The name, without control characters.
        public let name: String
        /// What its numbers are stored as.
        public let type: ElementType
        /// The dimensions; their product fits an `Int` and agrees with the stored bytes.
        public let shape: [Int]
        /// How many numbers there are: the product of the shape.
        public let count: Int
        /// Where its bytes lie in the file.
        let bytes: Range<Int>
    }
}
