/// The type of a metadata value.
///
/// Source: `gguf_metadata_value_type` in the GGUF specification (ggml, `docs/gguf.md`).
public enum GGUFValueType: UInt32, Sendable, Hashable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// The name in messages.
    public var name: String {
        switch self {
        case .uint8: "uint8"
        case .int8: "int8"
        case .uint16: "uint16"
        case .int16: "int16"
        case .uint32: "uint32"
        case .int32: "int32"
        case .float32: "float32"
        case .bool: "bool"
        case .string: "string"
        case .array: "array"
        case .uint64: "uint64"
        case .int64: "int64"
        case .float64: "float64"
        }
    }

    /// The size of a value in bytes; nil for strings and arrays, which have a length of their own.
    var width: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// The value of a metadata field.
public enum GGUFValue: Sendable, Hashable {
    /// Of `uint8` to `uint64`.
    case unsigned(UInt64)
    /// Of `int8` to `int64`.
    case signed(Int64)
    /// Of `float32` or `float64`.
    case floating(Double)
    case bool(Bool)
    case string(String)
    /// An array of numbers or truth values, at most ``GGUFHeader/maximumListCount``.
    case list([GGUFValue])
    /// An array of strings, or a longer one of anything else: checked, but not kept.
    case omitted(count: Int)

    /// The number, if it is a whole one that fits.
    public var integer: Int? {
        switch self {
        case .unsigned(let value): Int(exactly: value)
        case .signed(let value): Int(exactly: value)
        default: nil
        }
    }

    /// What it is, for messages.
    public var kind: String {
        switch self {
        case .unsigned, .signed: "a whole number"
        case .floating: "a floating-point number"
        case .bool: "a truth value"
        case .string: "a text"
        case .list, .omitted: "an array"
        }
    }
}

/// A metadata field.
public struct GGUFField: Sendable, Hashable {
    /// Such as `general.architecture`; it contains no control characters.
    public let key: String
    /// The type of the value.
    public let type: GGUFValueType
    /// The type of an array's elements; nil for anything else.
    public let elementType: GGUFValueType?
    public let value: GGUFValue
}
