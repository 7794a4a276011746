/// A JSON document, read without the leniency that general readers allow themselves.
///
/// A name that stands twice in an object, anything after the document, depth above 64, a lone surrogate and text that is
/// not UTF-8 are errors; general readers let the last of two names win, which lets one file mean two things. Names are the
/// same if they are canonically equivalent. Source of the grammar: RFC 8259.
enum StrictJSON: Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent that fits an `Int`; `-0` is not one.
    case integer(Int)
    /// Any other number, as it was written.
    case number(text: String)
    /// A string, its escapes resolved.
    case string(String)
    /// An array.
    case array([StrictJSON])
    /// An object, its members in the order of the text.
    case object([Member])

    /// One member of an object.
    struct Member: Sendable {
        let name: String
        let value: StrictJSON
    }

    /// Why a text is not a document, and at which byte.
    struct Failure: Error, CustomStringConvertible {
        let reason: String
        let offset: Int
        var description: String { "\(reason) (byte \(offset))" }
    }

    /// The deepest nesting of arrays and objects that is read.
    static let maximumDepth = 64
    /// The most values that one document may hold; it bounds memory, whatever the text's length.
    static let maximumValues = 1 << 22
    /// The longest number that is read, in bytes.
    static let maximumNumberLength = 128
}

extension StrictJSON {
    /// What kind of value this is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The string, if this is one.
    var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The truth value, if this is one.
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The whole number, if this is one.
    var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    /// The elements, if this is an array.
    var array: [StrictJSON]? { if case .array(let value) = self { value } else { nil } }
    /// The members, if this is an object.
    var object: [Member]? { if case .object(let value) = self { value } else { nil } }
    /// Whether this is `null`.
    var isNull: Bool { if case .null = self { true } else { false } }

    /// The number as a double, if this is one; not finite if it is beyond a double's range.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let text): Double(text)
        default: nil
        }
    }

    /// The value of a member, if this is an object that has it.
    ///
    /// Linear in the number of members.
    subscript(name: String) -> StrictJSON? {
        object?.first { $0.name == name }?.value
    }
}
