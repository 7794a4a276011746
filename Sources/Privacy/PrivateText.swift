/// Text that a user wrote: the text of an intent.
///
/// The text is passed in this type from the wire to the text encoder, so that it cannot leak into a log, an
/// error message or a debugger's dump by accident: every description shows only its length. Only ``revealed``
/// and the JSON encoding (on the wire and in the queue's database) give the text itself.
public struct PrivateText: Sendable, Hashable {
    /// The text itself; the caller is responsible for where it goes.
    public let revealed: String

    public init(_ text: String) {
        revealed = text
    }

    /// The length in bytes of UTF-8.
    public var byteCount: Int { revealed.utf8.count }

    /// Whether the text is empty or only white space.
    public var isBlank: Bool { revealed.allSatisfy(\.isWhitespace) }
}

extension PrivateText: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        self.init(text)
    }
}

extension PrivateText: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(revealed)
    }
}

extension PrivateText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The length of the text.
    public var description: String { "(private text of \(byteCount) bytes)" }

    public var debugDescription: String { description }

    /// An empty mirror, for code that describes values by reflection.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
