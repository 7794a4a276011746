public import ErrorModel
public import LinearAlgebra
internal import StrictJSON

/// Writes a safetensors file: the same metadata and tensors, added in any order, always give the same bytes.
///
/// Metadata keys are sorted; tensors stand as the official serialiser puts them (wider types first, then by name); the
/// header is padded with spaces to a multiple of 8 bytes. Source of the format: github.com/safetensors/safetensors,
/// `safetensors/src/tensor.rs` (format 0.8).
public struct SafetensorsWriter: Sendable {
    /// What numbers are stored as.
    public enum ElementType: Sendable, Hashable {
        /// IEEE 754 single precision, `F32`.
        case float32
        /// IEEE 754 half precision, `F16`: rounded to nearest, ties to even; beyond 65,504 infinite.
        case float16

        var name: String { self == .float32 ? "F32" : "F16" }
        var width: Int { self == .float32 ? 4 : 2 }
    }

    struct Entry: Sendable {
        let name: String
        let shape: [Int]
        /// The numbers, one part after the other.
        let parts: [FloatStream]
        let type: ElementType

        /// How many numbers there are.
        var count: Int { parts.reduce(0) { $0 + $1.count } }
    }

    private let metadata: [String: String]
    private var added: [Entry] = []
    private var names: Set<String> = ["__metadata__"]

    /// Makes a writer without tensors.
    ///
    /// - Parameter metadata: the strings under `__metadata__`; left out if empty. Keys must be without control characters.
    /// - Throws: `internal` if a key holds a control character.
    public init(metadata: [String: String] = [:]) throws(SgloradError) {
        for key in metadata.keys where key.holdsControlCharacter {
            throw .internal("a safetensors metadata key \(Quoted(key)) holds a control character")
        }
        self.metadata = metadata
    }

    /// Adds a tensor.
    ///
    /// - Parameters:
    ///   - name: not given before, without control characters.
    ///   - shape: the dimensions, whose product is the number of values.
    ///   - values: the numbers, row-major; kept, not copied.
    ///   - type: what they are stored as.
    /// - Throws: `internal` if a name or shape is not so.
    public mutating func add(
        _ name: String, shape: [Int], values: FloatVector, as type: ElementType = .float32
    ) throws(SgloradError) {
        try add(name, shape: shape, parts: [values], as: type)
    }

    /// Adds a tensor whose numbers lie in several places, as `add(_:shape:values:as:)` adds those of one.
    ///
    /// - Parameters:
    ///   - name: the tensor's name; each may be added once.
    ///   - shape: its dimensions, the slowest first.
    ///   - parts: the numbers, one part after the other.
    ///   - type: what the numbers are rounded to.
    public mutating func add(
        _ name: String, shape: [Int], parts: [FloatVector], as type: ElementType = .float32
    ) throws(SgloradError) {
        try add(name, shape: shape, streams: parts.map(FloatStream.single), as: type)
    }

    /// Adds a tensor whose numbers come a stretch at a time when the file is written.
    ///
    /// - Parameters:
    ///   - name: the tensor's name; each may be added once.
    ///   - shape: its dimensions, the slowest first.
    ///   - stream: the numbers.
    ///   - type: what the numbers are rounded to.
    public mutating func add(
        _ name: String, shape: [Int], stream: FloatStream, as type: ElementType = .float32
    ) throws(SgloradError) {
        try add(name, shape: shape, streams: [stream], as: type)
    }

    private mutating func add(
        _ name: String, shape: [Int], streams: [FloatStream], as type: ElementType
    ) throws(SgloradError) {
        let entry = Entry(name: name, shape: shape, parts: streams, type: type)
        var count = 1
        for dimension in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard dimension >= 0, !overflow else {
                throw .internal("the tensor \(Quoted(name)) has the impossible shape \(shape)")
            }
            count = product
        }
        guard count == entry.count else {
            throw .internal("the tensor \(Quoted(name)) of shape \(shape) has \(entry.count) numbers")
        }
        guard !name.holdsControlCharacter else {
            throw .internal("the tensor name \(Quoted(name)) holds a control character")
        }
        guard names.insert(name).inserted else { throw .internal("the tensor name \(Quoted(name)) is taken") }
        added.append(entry)
    }

    /// The tensors in the order of the file.
    var entries: [Entry] {
        added.sorted { first, second in
            first.type.width == second.type.width
                ? first.name.utf8.lexicographicallyPrecedes(second.name.utf8)
                : first.type.width > second.type.width
        }
    }

    /// The length of the header and the header itself: all that stands before the numbers.
    ///
    /// - Throws: `internal` if the header would be longer than the format allows.
    func head(of entries: [Entry]) throws(SgloradError) -> [UInt8] {
        var text: [UInt8] = []
        var separator = "{"
        if !metadata.isEmpty {
            text += "\(separator)\"__metadata__\":{".utf8
            separator = ""
            for (key, value) in metadata.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                text += separator.utf8
                JSONValue.write(key, to: &text)
                text += ":".utf8
                JSONValue.write(value, to: &text)
                separator = ","
            }
            text += "}".utf8
            separator = ","
        }
        var offset = 0
        for entry in entries {
            text += separator.utf8
            JSONValue.write(entry.name, to: &text)
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let end = offset + entry.count * entry.type.width
            text +=
                ":{\"dtype\":\"\(entry.type.name)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
                .utf8
            offset = end
            separator = ","
        }
        text += (text.isEmpty ? "{}" : "}").utf8
        while text.count % 8 != 0 { text.append(0x20) }
        guard text.count <= SafetensorsHeader.maximumLength else {
            throw .internal("a safetensors header of \(text.count) bytes is longer than the format allows")
        }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }
}
