/// Text that a user wrote: what an intent says.
///
/// It goes from the wire to the text encoder in this type, so that it cannot reach a log, an error or a debugger's dump by
/// habit: whatever describes a value that holds it shows its length and nothing else. Only JSON, which is the wire and the
/// queue's database, and ``revealed`` give the text itself.
public struct PrivateText: Sendable, Hashable {
    /// The text itself; whoever asks for it answers for where it goes.
    public let revealed: String

    /// Takes charge of a text.
    public init(_ text: String) {
        revealed = text
    }

    /// How many bytes of UTF-8 the text has.
    public var byteCount: Int { revealed.utf8.count }

    /// Whether there is nothing in it but white space.
    public var isBlank: Bool { revealed.allSatisfy(\.isWhitespace) }
}

extension PrivateText: ExpressibleByStringLiteral {
    /// Takes a text that stands in the source.
    public init(stringLiteral text: String) {
        self.init(text)
    }
}

extension PrivateText: Codable {
    /// Decodes a bare string.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes the bare string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(revealed)
    }
}

extension PrivateText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// How long the text is.
    public var description: String { "(private text of \(byteCount) bytes)" }

    /// Same as ``description``.
    public var debugDescription: String { description }

    /// A mirror without children, for what describes values by looking into them.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
