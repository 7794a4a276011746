/// Escapes untrusted text for one line of a log.
enum LogText {
    /// The maximum length of a line, in bytes: the journal splits longer lines (at 48 KiB) into separate
    /// records.
    static let maximumLength = 16_384

    /// The text with control and format characters escaped: they could end the line, control a terminal or
    /// change the direction of the text.
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

    /// The value of `key=value`: escaped, and quoted if it is empty or contains a space, `=` or a quotation
    /// mark.
    static func quoted(_ text: String) -> String {
        let value = escaped(text)
        let isPlain = !value.isEmpty && !value.unicodeScalars.contains { " =\"".unicodeScalars.contains($0) }
        guard !isPlain else { return value }
        return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"")
            + "\""
    }

    /// The line, or its beginning and the number of truncated bytes.
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
