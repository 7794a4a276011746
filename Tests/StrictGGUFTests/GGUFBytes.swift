import StrictGGUF

/// A GGUF file that is built value by value, so that it may be wrong in any way.
struct GGUFBytes {
    var bytes: [UInt8] = []

    /// The signature, the version and the two counts.
    init(version: UInt32 = 3, tensors: UInt64, fields: UInt64) {
        bytes += "GGUF".utf8
        number(version)
        number(tensors)
        number(fields)
    }

    mutating func number(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    mutating func text(_ text: String, length: UInt64? = nil) {
        number(length ?? UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func field(_ key: String, _ type: GGUFValueType, _ value: some FixedWidthInteger) {
        text(key)
        number(type.rawValue)
        number(value)
    }

    mutating func field(_ key: String, _ value: String) {
        text(key)
        number(GGUFValueType.string.rawValue)
        text(value)
    }

    mutating func array(_ key: String, of type: UInt32, count: UInt64) {
        text(key)
        number(GGUFValueType.array.rawValue)
        number(type)
        number(count)
    }

    mutating func tensor(_ name: String, _ shape: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
        text(name)
        number(UInt32(shape.count))
        for dimension in shape { number(dimension) }
        number(type)
        number(offset)
    }

    /// Zeros to the next multiple of the alignment, then as many bytes of data.
    mutating func data(_ count: Int, alignment: Int = 32) {
        while bytes.count % alignment != 0 { bytes.append(0) }
        bytes += [UInt8](repeating: 0, count: count)
    }

    /// A file of every type of value and of three tensors.
    static var sound: [UInt8] {
        var file = GGUFBytes(tensors: 3, fields: 16)
        file.field("general.architecture", "llama")
        file.field("a", .uint8, UInt8(1))
        file.field("b", .int8, Int8(-1))
        file.field("c", .uint16, UInt16(2))
        file.field("d", .int16, Int16(-2))
        file.field("e", .uint32, UInt32(3))
        file.field("f", .int32, Int32(-3))
        file.field("g", .float32, Float(0.5).bitPattern)
        file.field("h", .bool, UInt8(1))
        file.field("i", .uint64, UInt64(4))
        file.field("j", .int64, Int64(-4))
        file.field("k", .float64, (-0.5).bitPattern)
        file.array("l", of: 4, count: 2)
        file.number(UInt32(5))
        file.number(UInt32(6))
        file.array("m", of: 8, count: 2)
        file.text("x")
        file.text("")
        file.array("n", of: 7, count: 0)
        file.field("general.alignment", .uint32, UInt32(64))
        file.tensor("one", [3], offset: 0)
        file.tensor("two", [256, 2], type: 12, offset: 64)
        file.tensor("three", [1, 2, 3, 4], type: 1, offset: 384)
        file.data(384 + 48, alignment: 64)
        return file.bytes
    }
}

/// Reads a header from a file's bytes, or its beginning.
func header(_ bytes: [UInt8], fileSize: Int? = nil) throws -> GGUFHeader {
    try bytes.withUnsafeBytes { try GGUFHeader(of: $0, fileSize: fileSize ?? bytes.count, file: "given") }
}
