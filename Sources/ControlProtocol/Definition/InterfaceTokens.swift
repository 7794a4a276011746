/// The words and signs of a varlink definition, each with the comment lines directly before it.
struct InterfaceTokens {
    struct Token {
        let text: String
        let line: Int
        let documentation: String
    }

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var pushedBack: Token?
    /// The token that was read last.
    private(set) var last = Token(text: "", line: 1, documentation: "")

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func next() throws(InterfaceDefinition.SyntaxError) -> Token {
        guard let token = try nextIfAny() else {
            throw .init(line: line, reason: "the definition ends too early")
        }
        return token
    }

    mutating func pushBack(_ token: Token) {
        pushedBack = token
    }

    mutating func nextIfAny() throws(InterfaceDefinition.SyntaxError) -> Token? {
        if let token = pushedBack {
            pushedBack = nil
            return token
        }
        let documentation = skipSpace()
        guard position < bytes.count else { return nil }
        for sign in ["->", "[string]", "[]", "(", ")", ",", ":", "?"]
        where bytes[position...].starts(with: sign.utf8) {
            position += sign.utf8.count
            last = Token(text: sign, line: line, documentation: documentation)
            return last
        }
        let start = position
        while position < bytes.count, isWordByte(bytes[position]), !bytes[position...].starts(with: "->".utf8)
        {
            position += 1
        }
        guard position > start else {
            throw .init(line: line, reason: "a character that has no place in a definition")
        }
        last = Token(
            text: String(decoding: bytes[start..<position], as: UTF8.self), line: line,
            documentation: documentation)
        return last
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// Passes white space and comments.
    ///
    /// - Returns: the comment lines after the last empty line, without their signs, joined by newlines.
    private mutating func skipSpace() -> String {
        var comments: [String] = []
        var newlines = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\n"):
                line += 1
                newlines += 1
                if newlines > 1 { comments = [] }
                position += 1
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "#"):
                let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
                var text = bytes[(position + 1)..<end]
                if text.first == UInt8(ascii: " ") { text = text.dropFirst() }
                // A comment on the line of the token before it is not about the token after it.
                if newlines > 0 || last.text.isEmpty {
                    comments.append(String(decoding: text, as: UTF8.self))
                }
                newlines = 0
                position = end
                if end < bytes.count {
                    line += 1
                    newlines = 1
                    position += 1
                }
            default: return comments.joined(separator: "\n")
            }
        }
        return comments.joined(separator: "\n")
    }
}
