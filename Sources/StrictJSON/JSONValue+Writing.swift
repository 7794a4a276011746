extension JSONValue {
    /// Appends a string in quotation marks.
    ///
    /// Only what JSON requires is escaped, unless `ascii` is set: then everything beyond printable ASCII is,
    /// too.
    public static func write(_ string: String, ascii: Bool = false, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\"".utf8
            case "\\": text += "\\\\".utf8
            case "\u{8}": text += "\\b".utf8
            case "\u{C}": text += "\\f".utf8
            case "\n": text += "\\n".utf8
            case "\r": text += "\\r".utf8
            case "\t": text += "\\t".utf8
            default:
                if scalar.value < 0x20 || ascii && scalar.value > 0x7E {
                    for unit in String(scalar).utf16 {
                        let digits = String(unit, radix: 16)
                        text += "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8
                    }
                } else {
                    text += String(scalar).utf8
                }
            }
        }
        text.append(UInt8(ascii: "\""))
    }

    /// The document as Python's `json.dumps(…, indent=2)` writes it, in ASCII only.
    public func indented() -> [UInt8] {
        var text: [UInt8] = []
        writeIndented(to: &text, indent: 0)
        return text
    }

    private func writeIndented(to text: inout [UInt8], indent: Int) {
        switch self {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += String(value).utf8
        case .number(let value): text += value.utf8
        case .string(let value): Self.write(value, ascii: true, to: &text)
        case .array(let elements):
            Self.writeList("[", "]", count: elements.count, to: &text, indent: indent) { index, text in
                elements[index].writeIndented(to: &text, indent: indent + 2)
            }
        case .object(let members):
            Self.writeList("{", "}", count: members.count, to: &text, indent: indent) { index, text in
                Self.write(members[index].name, ascii: true, to: &text)
                text += ": ".utf8
                members[index].value.writeIndented(to: &text, indent: indent + 2)
            }
        }
    }

    private static func writeList(
        _ opening: String, _ closing: String, count: Int, to text: inout [UInt8], indent: Int,
        _ element: (Int, inout [UInt8]) -> Void
    ) {
        text += opening.utf8
        for index in 0..<count {
            text += (index == 0 ? "\n" : ",\n").utf8
            text += repeatElement(0x20, count: indent + 2)
            element(index, &text)
        }
        if count > 0 {
            text.append(0x0A)
            text += repeatElement(0x20, count: indent)
        }
        text += closing.utf8
    }
}
