/// Makes text from anywhere fit for one line of a log.
enum LogText {
    /// A longer line is cut: the journal would break it at 48 KiB, and what follows would be a record of its own.
    static let maximumLength = 16_384

    /// The text with everything escaped that could end a line, move a terminal's cursor or turn the direction of writing.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { needsEscape($0) || $0 == "\\" }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if needsEscape(scalar) {
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }

    /// A value for `key=value`: escaped, and in quotation marks if it is empty or holds white space, `=` or a quotation mark.
    static func quoted(_ text: String) -> String {
        let value = escaped(text)
        let isPlain = !value.isEmpty && !value.unicodeScalars.contains { " =\"".unicodeScalars.contains($0) }
        guard !isPlain else { return value }
        return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            + "\""
    }

    /// The line, or its beginning and how many bytes are missing.
    static func bounded(_ line: String) -> String {
        let length = line.utf8.count
        guard length > maximumLength else { return line }
        let head = String(decoding: line.utf8.prefix(maximumLength), as: UTF8.self)
        return "\(head)… (\(length - maximumLength) more bytes)"
    }

    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }
}
