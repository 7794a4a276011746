internal import AdapterFiles
public import ErrorModel

/// A safetensors file, read strictly and mapped into memory read-only.
///
/// The mapping lives as long as this value or any vector taken from it; the file must not be truncated
/// meanwhile. Source of the format: github.com/safetensors/safetensors, `safetensors/src/tensor.rs` (format
/// 0.8). Beyond the rules there, this reader rejects duplicate names, control characters in names, unknown
/// fields, and white space before the header.
public struct SafetensorsFile: Sendable {
    /// The file's name in error messages.
    public let displayName: String
    /// The strings in `__metadata__`; empty if there are none.
    public let metadata: [String: String]
    /// The tensors, sorted by the UTF-8 bytes of their names.
    public let tensors: [Tensor]

    let mapping: FileMapping
    private let indices: [String: Int]

    /// Maps a file and checks its header.
    ///
    /// Time and memory are proportional to the header's length, which is at most the file's. Tensor data is
    /// not checked: see ``requireFinite(_:)``.
    ///
    /// - Parameters:
    ///   - path: symbolic links are followed.
    ///   - displayName: the file's name in error messages; the path if nil.
    /// - Throws: `invalidFile` if the file cannot be mapped or its header is invalid.
    public init(path: String, displayName: String? = nil) throws(SgloradError) {
        let name = displayName ?? path
        let mapping = try FileMapping(path: path, displayName: name)
        let header: SafetensorsHeader
        do throws(SgloradError) {
            header = try SafetensorsHeader(of: mapping.bytes, file: name)
        } catch {
            guard let mistaken = MistakenContent(mapping.bytes, insteadOf: .safetensors) else { throw error }
            throw .invalidFile(name, mistaken.reason)
        }
        self.displayName = name
        self.mapping = mapping
        metadata = header.metadata
        tensors = header.tensors
        var indices: [String: Int] = [:]
        indices.reserveCapacity(header.tensors.count)
        for (index, tensor) in header.tensors.enumerated() { indices[tensor.name] = index }
        self.indices = indices
    }

    public func tensor(named name: String) -> Tensor? {
        indices[name].map { tensors[$0] }
    }
}

extension SafetensorsFile {
    /// The storage type of a tensor's elements.
    public enum ElementType: Sendable, Hashable {
        /// IEEE 754 single precision, `F32`.
        case float32
        /// IEEE 754 half precision, `F16`.
        case float16
        /// The upper half of single precision, `BF16`.
        case bfloat16
        /// Another type of the format, by the format's name, such as `I64`.
        case other(String)

        /// The type's name in the format.
        public var name: String {
            switch self {
            case .float32: "F32"
            case .float16: "F16"
            case .bfloat16: "BF16"
            case .other(let name): name
            }
        }
    }

    /// A tensor as the header describes it.
    public struct Tensor: Sendable {
        /// The name; it contains no control characters.
        public let name: String
        public let type: ElementType
        /// The dimensions; their product fits an `Int` and matches the stored bytes.
        public let shape: [Int]
        /// The number of elements: the product of the shape.
        public let count: Int
        /// The range of its bytes in the file.
        let bytes: Range<Int>
    }
}
