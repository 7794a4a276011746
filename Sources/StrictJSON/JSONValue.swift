/// A JSON document, read without the leniency of general-purpose decoders.
///
/// A duplicate key in an object is an error: most decoders let the last one win, so that one file can mean two things to
/// two programs. Keys are equal if they are canonically equivalent. The grammar is that of ``JSONScanner``.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent that fits an `Int`; `-0` is not one.
    case integer(Int)
    /// Any other number, as it was written.
    case number(text: String)
    /// A string, escape sequences resolved.
    case string(String)
    case array([JSONValue])
    /// An object, its members in the order of the text.
    case object([Member])

    /// One member of an object.
    public struct Member: Sendable {
        public let name: String
        public let value: JSONValue

        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// The deepest nesting of arrays and objects that is read; a top-level container counts as one level.
    public static let maximumDepth = 64
    /// The most values that one document may hold; it bounds memory, whatever the text's length.
    public static let maximumValues = 1 << 22
    /// The longest number that is read, in bytes.
    public static let maximumNumberLength = 128
}

extension JSONValue {
    /// What kind of value this is, with its article, for error messages.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a Boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    public var object: [Member]? { if case .object(let value) = self { value } else { nil } }
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// The number as a double; infinite if it is beyond a double's range, nil if this is not a number.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let text): Double(text)
        default: nil
        }
    }

    /// The value of a member; nil if there is none, or if this is not an object.
    ///
    /// Linear in the number of members.
    public subscript(name: String) -> JSONValue? {
        object?.first { $0.name == name }?.value
    }
}
