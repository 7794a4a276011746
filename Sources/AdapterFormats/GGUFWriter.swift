public import ErrorModel
public import LinearAlgebra
internal import StrictGGUF

/// Writes a GGUF file, little-endian, of version 3.
///
/// The same metadata and tensors, added in any order, always give the same bytes: `general.` keys come first, each group is
/// sorted, and so are the tensors by name. Source of the format: ggml, `docs/gguf.md`.
public struct GGUFWriter: Sendable {
    /// The value of a metadata field.
    public enum Value: Sendable, Hashable {
        case uint32(UInt32)
        case float32(Float)
        case bool(Bool)
        case string(String)
    }

    /// The storage type of a tensor's elements.
    public typealias ElementType = StoredFloat

    struct Entry: Sendable {
        let name: String
        let shape: [Int]
        let values: FloatVector
        let type: ElementType

        /// The size of its data in bytes.
        var size: Int { values.count * type.width }
        /// How many zeros follow its data.
        var padding: Int { GGUFWriter.padding(after: size) }
    }

    private var fields: [String: Value] = [:]
    private var added: [String: Entry] = [:]

    public init() {}

    /// Sets a metadata field.
    ///
    /// - Parameters:
    ///   - key: 1 to 65,535 bytes, without control characters. `general.alignment` is not for the caller.
    ///   - value: replaces that of an earlier call.
    /// - Throws: `internal` if the key is invalid.
    public mutating func set(_ key: String, _ value: Value) throws(SgloradError) {
        guard (1...65_535).contains(key.utf8.count), !key.holdsControlCharacter, key != "general.alignment"
        else {
            throw .internal("a GGUF file cannot have the metadata key \(Quoted(key))")
        }
        fields[key] = value
    }

    /// Adds a tensor.
    ///
    /// - Parameters:
    ///   - name: unique, 1 to 63 bytes, without control characters.
    ///   - shape: 1 to 4 dimensions of at least 1, fastest first, as ggml has them; their product is the number of elements.
    ///   - values: the elements, the fastest dimension's one after the other; retained, not copied.
    ///   - type: how the elements are stored.
    /// - Throws: `internal` if the name or the shape is invalid.
    public mutating func add(
        _ name: String, shape: [Int], values: FloatVector, as type: ElementType
    ) throws(SgloradError) {
        guard (1...63).contains(name.utf8.count), !name.holdsControlCharacter else {
            throw .internal("a GGUF file cannot have a tensor \(Quoted(name)): names have 1 to 63 bytes")
        }
        var count = 1
        for dimension in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard dimension > 0, !overflow else {
                throw .internal("the tensor \(Quoted(name)) has the invalid shape \(shape)")
            }
            count = product
        }
        guard (1...4).contains(shape.count), count == values.count else {
            throw .internal("the tensor \(Quoted(name)) of shape \(shape) was given \(values.count) elements")
        }
        guard
            added.updateValue(
                Entry(name: name, shape: shape, values: values, type: type), forKey: name) == nil
        else { throw .internal("there already is a tensor \(Quoted(name))") }
    }

    /// The tensors in the order of the file.
    var entries: [Entry] {
        added.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The header with the zeros after it: everything before the data.
    func head(of entries: [Entry]) -> [UInt8] {
        var head = GGUFBytes()
        head.bytes += "GGUF".utf8
        head.append(UInt32(3))
        head.append(UInt64(entries.count))
        head.append(UInt64(fields.count))
        for (key, value) in fields.sorted(by: { Self.precedes($0.key, $1.key) }) {
            head.append(key)
            switch value {
            case .uint32(let number):
                head.append(GGUFValueType.uint32.rawValue)
                head.append(number)
            case .float32(let number):
                head.append(GGUFValueType.float32.rawValue)
                head.append(number.bitPattern)
            case .bool(let flag):
                head.append(GGUFValueType.bool.rawValue)
                head.bytes.append(flag ? 1 : 0)
            case .string(let text):
                head.append(GGUFValueType.string.rawValue)
                head.append(text)
            }
        }
        var offset = 0
        for entry in entries {
            head.append(entry.name)
            head.append(UInt32(entry.shape.count))
            for dimension in entry.shape { head.append(UInt64(dimension)) }
            head.append(entry.type.ggufType.number)
            head.append(UInt64(offset))
            offset += entry.size + entry.padding
        }
        if !entries.isEmpty {
            head.bytes += [UInt8](repeating: 0, count: Self.padding(after: head.bytes.count))
        }
        return head.bytes
    }

    private static func precedes(_ first: String, _ second: String) -> Bool {
        let (isFirst, isSecond) = (first.hasPrefix("general."), second.hasPrefix("general."))
        guard isFirst == isSecond else { return isFirst }
        return first.utf8.lexicographicallyPrecedes(second.utf8)
    }

    private static func padding(after size: Int) -> Int {
        (GGUFHeader.defaultAlignment - size % GGUFHeader.defaultAlignment) % GGUFHeader.defaultAlignment
    }
}

/// Bytes to which the format's values are appended.
private struct GGUFBytes {
    var bytes: [UInt8] = []

    mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes += text.utf8
    }
}
