internal import ErrorModel
internal import StrictJSON

/// The header of a safetensors file, checked against the file's size.
///
/// Source of the format: `safetensors/src/tensor.rs` (format 0.8).
struct SafetensorsHeader {
    let metadata: [String: String]
    /// Sorted by name.
    let tensors: [SafetensorsFile.Tensor]

    /// The longest header that the format allows, in bytes.
    static let maximumLength = 100_000_000

    init(of bytes: UnsafeRawBufferPointer, file: String) throws(SgloradError) {
        guard bytes.count >= 8 else {
            throw .invalidFile(
                file, "is \(bytes.count) bytes long; a safetensors file begins with an 8-byte length")
        }
        let declared = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard declared <= UInt64(Self.maximumLength) else {
            throw .invalidFile(
                file, "declares a header of \(declared) bytes; at most \(Self.maximumLength) are allowed")
        }
        let length = Int(declared)
        guard length <= bytes.count - 8 else {
            throw .invalidFile(
                file,
                "declares a header of \(length) bytes but has only \(bytes.count - 8) bytes after the length; it is cut short or damaged"
            )
        }
        guard length > 0, bytes[8] == UInt8(ascii: "{") else {
            throw .invalidFile(file, "has a header that does not begin with '{'")
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[8..<8 + length])
        let members: [JSONValue.Member]
        do {
            // The first byte is '{', so the document is an object.
            members = try JSONValue(parsing: text).object ?? []
        } catch {
            throw .invalidFile(file, "has a header that is not valid JSON: \(error)")
        }
        var metadata: [String: String] = [:]
        var tensors: [SafetensorsFile.Tensor] = []
        tensors.reserveCapacity(members.count)
        for member in members {
            guard !member.name.holdsControlCharacter else {
                throw .invalidFile(file, "has a control character in the name \(Quoted(member.name))")
            }
            if member.name == "__metadata__" {
                metadata = try Self.metadata(member.value, file: file)
            } else {
                tensors.append(try Self.tensor(member, from: 8 + length, file: file))
            }
        }
        try Self.requireContiguous(tensors, in: 8 + length..<bytes.count, file: file)
        tensors.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.metadata = metadata
        self.tensors = tensors
    }

    private static func metadata(_ value: JSONValue, file: String) throws(SgloradError) -> [String: String] {
        guard let members = value.object else {
            throw .invalidFile(file, "has \(value.kind) as __metadata__; it must be an object of strings")
        }
        var result: [String: String] = [:]
        for member in members {
            guard !member.name.holdsControlCharacter else {
                throw .invalidFile(
                    file, "has a control character in the __metadata__ key \(Quoted(member.name))")
            }
            guard let text = member.value.string else {
                throw .invalidFile(
                    file,
                    "has \(member.value.kind) as \(Quoted(member.name)) in __metadata__; only strings are allowed"
                )
            }
            result[member.name] = text
        }
        return result
    }

    /// Checks that every byte of the data belongs to exactly one tensor.
    private static func requireContiguous(
        _ tensors: [SafetensorsFile.Tensor], in data: Range<Int>, file: String
    ) throws(SgloradError) {
        let stored = tensors.sorted {
            ($0.bytes.lowerBound, $0.bytes.upperBound) < ($1.bytes.lowerBound, $1.bytes.upperBound)
        }
        var end = data.lowerBound
        for tensor in stored {
            guard tensor.bytes.lowerBound == end else {
                let fault =
                    tensor.bytes.lowerBound < end ? "overlaps the one before it" : "leaves a gap before it"
                throw .invalidFile(file, "has a tensor \(Quoted(tensor.name)) that \(fault)")
            }
            guard tensor.bytes.upperBound <= data.upperBound else {
                throw .invalidFile(
                    file,
                    "is cut short: the tensor \(Quoted(tensor.name)) ends \(tensor.bytes.upperBound - data.upperBound) "
                        + "bytes after the file")
            }
            end = tensor.bytes.upperBound
        }
        guard end == data.upperBound else {
            throw .invalidFile(file, "has \(data.upperBound - end) bytes after its last tensor")
        }
    }
}
