public import ErrorModel
public import LinearAlgebra
public import StrictGGUF

/// A GGUF file, read strictly and mapped into memory read-only.
///
/// The mapping lives as long as this value; the file must not be truncated meanwhile.
public struct GGUFFile: Sendable {
    /// The file's name in error messages.
    public let displayName: String
    public let header: GGUFHeader

    private let mapping: FileMapping

    /// Maps a file and checks its header.
    ///
    /// - Parameters:
    ///   - path: symbolic links are followed.
    ///   - displayName: the file's name in error messages; the path if nil.
    /// - Throws: `invalidFile` if the file cannot be mapped, its header is invalid, or more than the alignment's zeros follow
    ///   the last tensor.
    public init(path: String, displayName: String? = nil) throws(SgloradError) {
        let name = displayName ?? path
        let mapping = try FileMapping(path: path, displayName: name)
        let header = try GGUFHeader(of: mapping.bytes, fileSize: mapping.bytes.count, file: name)
        let rest = mapping.bytes.count - header.dataEnd
        guard rest < header.alignment else {
            throw .invalidFile(name, "has \(rest) bytes after its last tensor")
        }
        self.displayName = name
        self.header = header
        self.mapping = mapping
    }

    /// A tensor's elements in single precision, the fastest dimension's one after the other.
    ///
    /// They are copied; `F16` is converted, which is exact. NaN and infinity are allowed.
    ///
    /// - Throws: `invalidFile` if there is no such tensor, or it has another type.
    public func floats(_ name: String) throws(SgloradError) -> FloatVector {
        guard let tensor = header.tensor(named: name) else {
            throw .invalidFile(displayName, "has no tensor \(Quoted(name))")
        }
        let raw = UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.bytes])
        switch tensor.type {
        case .float32:
            return withExtendedLifetime(mapping) {
                FloatVector(
                    (0..<tensor.count).map { index in
                        Float(
                            bitPattern: UInt32(
                                littleEndian: raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
                    })
            }
        case .float16:
            return FloatVector(FloatStream.half(HalfVector(borrowing: raw, owner: mapping)).array)
        default:
            throw .invalidFile(
                displayName,
                "has type \(tensor.type.name) in the tensor \(Quoted(name)); it must be F32 or F16")
        }
    }
}
