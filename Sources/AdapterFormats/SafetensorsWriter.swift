public import ErrorModel
public import LinearAlgebra
internal import StrictJSON

/// Writes a safetensors file.
///
/// The same metadata and tensors, added in any order, always give the same bytes: metadata keys are sorted;
/// tensors are in the order of the official serialiser (wider types first, then by name); the header is
/// padded with spaces to a multiple of 8 bytes. Source of the format: github.com/safetensors/safetensors,
/// `safetensors/src/tensor.rs` (format 0.8).
public struct SafetensorsWriter: Sendable {
    /// The storage type of a tensor's elements.
    public typealias ElementType = StoredFloat

    struct Entry: Sendable {
        let name: String
        let shape: [Int]
        /// The numbers, one part after the other.
        let parts: [FloatStream]
        let type: ElementType

        var count: Int { parts.reduce(0) { $0 + $1.count } }
    }

    private let metadata: [String: String]
    private var added: [Entry] = []
    private var names: Set<String> = ["__metadata__"]

    /// Creates a writer without tensors.
    ///
    /// - Parameter metadata: the strings in `__metadata__`, which is omitted if empty.
    /// - Throws: `internal` if a key contains a control character.
    public init(metadata: [String: String] = [:]) throws(SgloradError) {
        for key in metadata.keys where key.holdsControlCharacter {
            throw .internal("a safetensors metadata key \(Quoted(key)) contains a control character")
        }
        self.metadata = metadata
    }

    /// Adds a tensor.
    ///
    /// - Parameters:
    ///   - name: unique, without control characters.
    ///   - shape: the dimensions, slowest first; their product is the number of elements.
    ///   - values: the elements, row-major; retained, not copied.
    ///   - type: how the elements are stored.
    /// - Throws: `internal` if the name or the shape is invalid.
    public mutating func add(
        _ name: String, shape: [Int], values: FloatVector, as type: ElementType = .float32
    ) throws(SgloradError) {
        try add(name, shape: shape, parts: [values], as: type)
    }

    /// Adds a tensor whose elements are in several vectors, one after the other; otherwise as
    /// `add(_:shape:values:as:)`.
    public mutating func add(
        _ name: String, shape: [Int], parts: [FloatVector], as type: ElementType = .float32
    ) throws(SgloradError) {
        try add(name, shape: shape, streams: parts.map(FloatStream.single), as: type)
    }

    /// Adds a tensor whose elements are produced in chunks when the file is written; otherwise as
    /// `add(_:shape:values:as:)`.
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
                throw .internal("the tensor \(Quoted(name)) has the invalid shape \(shape)")
            }
            count = product
        }
        guard count == entry.count else {
            throw .internal("the tensor \(Quoted(name)) of shape \(shape) was given \(entry.count) elements")
        }
        guard !name.holdsControlCharacter else {
            throw .internal("the tensor name \(Quoted(name)) contains a control character")
        }
        guard names.insert(name).inserted else {
            throw .internal("there already is a tensor \(Quoted(name))")
        }
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

    /// The 8-byte length and the header: everything before the data.
    ///
    /// - Throws: `internal` if the header would exceed the format's limit.
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
            throw .internal("a safetensors header of \(text.count) bytes exceeds the limit of the format")
        }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }
}
