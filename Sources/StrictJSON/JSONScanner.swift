/// A pull parser for one JSON text (RFC 8259) that accepts nothing beyond the grammar.
///
/// Invalid UTF-8, lone surrogates, unescaped control characters, a byte order mark, data after the document and nesting
/// beyond a limit are errors. The scanner does not recurse and allocates nothing that grows with the input, except one
/// flag for each level of nesting. It does not look for duplicate keys: ``JSONValue`` does, and callers of
/// ``members(of:maximumDepth:maximumCount:)`` compare the keys they get.
public struct JSONScanner {
    /// The next syntactic element of a text.
    public enum Event: Sendable {
        case beginObject, endObject, beginArray, endArray
        /// A member's key; its value follows.
        case key(StringToken)
        case string(StringToken)
        case number(NumberToken)
        case bool(Bool)
        case null
    }

    /// A string as it stands in the text.
    public struct StringToken: Sendable {
        /// The bytes between the quotation marks.
        public let range: Range<Int>
        /// Whether the bytes hold escape sequences.
        public let hasEscapes: Bool
    }

    /// A number as it stands in the text.
    public struct NumberToken: Sendable {
        public let range: Range<Int>
        /// Whether the number has neither a fraction nor an exponent.
        public let isWhole: Bool
    }

    /// One member of a text's top-level object.
    public struct Member: Sendable {
        /// The key as it is written, escape sequences unresolved.
        public let key: String
        /// The bytes of the value.
        public let value: Range<Int>
    }

    private enum Expectation {
        case value, firstElement, firstKey, key, separator, endOfText
    }

    let bytes: UnsafeRawBufferPointer
    /// The offset of the next byte that is read.
    public internal(set) var position = 0
    /// How many elements have been read: values, keys, and the ends of objects and arrays.
    public private(set) var elements = 0
    private let maximumDepth: Int
    private var expectation = Expectation.value
    /// The open containers, outermost first: true for an object, false for an array.
    private var isObject: [Bool] = []

    /// Creates a scanner.
    ///
    /// - Parameters:
    ///   - bytes: the whole text; it must outlive the scanner.
    ///   - maximumDepth: how deeply arrays and objects may be nested; a top-level container counts as one level.
    public init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    /// Reads the next element; nil after the end of the document, once nothing but white space follows it.
    public mutating func next() throws(JSONSyntaxError) -> Event? {
        skipWhitespace()
        elements += 1
        if expectation == .separator {
            let inObject = isObject.last ?? false
            if take(UInt8(ascii: ",")) {
                expectation = inObject ? .key : .value
                skipWhitespace()
            } else {
                return try end(orFail: inObject ? "expected ',' or '}'" : "expected ',' or ']'")
            }
        }
        switch expectation {
        case .firstElement:
            return peek == UInt8(ascii: "]") ? try end(orFail: "") : try value()
        case .firstKey:
            return peek == UInt8(ascii: "}") ? try end(orFail: "") : try key()
        case .key: return try key()
        case .endOfText:
            guard position == bytes.count else { throw failure("unexpected data after the document") }
            return nil
        case .value, .separator: return try value()
        }
    }

    /// Reads one value of any kind, with all that it contains.
    public mutating func skipValue() throws(JSONSyntaxError) {
        let depth = isObject.count
        repeat { _ = try next() } while isObject.count > depth
    }

    /// Locates the members of a text's top-level object, in their order.
    ///
    /// - Parameters:
    ///   - bytes: the whole text.
    ///   - maximumDepth: the deepest nesting allowed; the top-level object counts as one level.
    ///   - maximumCount: the most members allowed.
    /// - Throws: `JSONSyntaxError` if the text is not a valid JSON object within these limits.
    public static func members(
        of bytes: UnsafeRawBufferPointer, maximumDepth: Int, maximumCount: Int
    ) throws(JSONSyntaxError) -> [Member] {
        try scan(bytes, maximumDepth: maximumDepth, maximumCount: maximumCount).members
    }

    /// As ``members(of:maximumDepth:maximumCount:)``, and counts the elements of the whole text, by which a caller
    /// can judge what decoding it would take.
    public static func scan(
        _ bytes: UnsafeRawBufferPointer, maximumDepth: Int, maximumCount: Int
    ) throws(JSONSyntaxError) -> (members: [Member], elements: Int) {
        var scanner = JSONScanner(bytes, maximumDepth: maximumDepth)
        guard case .beginObject = try scanner.next() else { throw scanner.failure("expected an object") }
        var members: [Member] = []
        while case .key(let key) = try scanner.next() {
            scanner.skipWhitespace()
            let start = scanner.position
            try scanner.skipValue()
            guard members.count < maximumCount else {
                throw scanner.failure("the object has more than \(maximumCount) members")
            }
            members.append(Member(key: scanner.text(key.range), value: start..<scanner.position))
        }
        _ = try scanner.next()
        return (members, scanner.elements)
    }

    private mutating func key() throws(JSONSyntaxError) -> Event {
        let token = try string()
        skipWhitespace()
        guard take(UInt8(ascii: ":")) else { throw failure("expected ':'") }
        expectation = .value
        return .key(token)
    }

    private mutating func value() throws(JSONSyntaxError) -> Event {
        switch peek {
        case UInt8(ascii: "{"): return try begin(object: true)
        case UInt8(ascii: "["): return try begin(object: false)
        case nil: throw failure("unexpected end of input; expected a value")
        case let first?:
            let event = try scalar(first)
            valueEnded()
            return event
        }
    }

    private mutating func begin(object: Bool) throws(JSONSyntaxError) -> Event {
        guard isObject.count < maximumDepth else {
            throw failure("nested deeper than \(maximumDepth) levels")
        }
        position += 1
        isObject.append(object)
        expectation = object ? .firstKey : .firstElement
        return object ? .beginObject : .beginArray
    }

    private mutating func end(orFail reason: String) throws(JSONSyntaxError) -> Event {
        let inObject = isObject.last ?? false
        guard take(inObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw failure(reason) }
        isObject.removeLast()
        valueEnded()
        return inObject ? .endObject : .endArray
    }

    private mutating func valueEnded() {
        expectation = isObject.isEmpty ? .endOfText : .separator
    }
}

/// Why a text is not valid JSON, and at which byte.
public struct JSONSyntaxError: Error, CustomStringConvertible {
    public let reason: String
    /// The offset in bytes from the start of the text.
    public let offset: Int

    public var description: String { "\(reason) (at byte \(offset))" }
}
