/// Splits a varlink definition into tokens, each with the comment directly above it.
struct InterfaceTokens {
    struct Token {
        let text: String
        let line: Int
        let documentation: String
    }

    /// The title of the last section comment: a line `# == Title ==` on its own.
    private(set) var section: String?

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    private var pushedBack: Token?
    /// The most recently read token.
    private(set) var last = Token(text: "", line: 1, documentation: "")

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func next() throws(InterfaceDefinition.SyntaxError) -> Token {
        guard let token = try nextIfAny() else {
            throw .init(line: line, reason: "the definition ends unexpectedly")
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
            throw .init(line: line, reason: "unexpected character")
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

    /// Skips white space and comments, and keeps the titles of sections.
    ///
    /// - Returns: the comment lines below the last empty line, without `#` and the space after it, joined by
    ///   newlines.
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
                let text = comment()
                if text.hasPrefix("== "), text.hasSuffix(" =="), text.count > 6 {
                    section = String(text.dropFirst(3).dropLast(3))
                } else if newlines > 0 || last.text.isEmpty {
                    // A comment that trails a token does not document the token after it.
                    comments.append(text)
                }
                newlines = 0
            default: return comments.joined(separator: "\n")
            }
        }
        return comments.joined(separator: "\n")
    }

    /// Reads a comment up to the end of its line.
    private mutating func comment() -> String {
        let end = bytes[position...].firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        var text = bytes[(position + 1)..<(end ?? bytes.count)]
        if text.first == UInt8(ascii: " ") { text = text.dropFirst() }
        position = end ?? bytes.count
        return String(decoding: text, as: UTF8.self)
    }
}
