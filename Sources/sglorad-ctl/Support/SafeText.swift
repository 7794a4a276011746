/// Text from the daemon or from a file, made safe to print: nothing in it can move the cursor, change colours or turn
/// the direction of what follows.
struct SafeText: Sendable, Hashable, CustomStringConvertible {
    /// The text with its control and invisible formatting characters written out, such as `\u{1B}` and `\n`.
    let description: String

    /// Escapes a text of any origin.
    init(_ text: String) {
        guard text.unicodeScalars.contains(where: Self.isUnsafe) else {
            description = text
            return
        }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case let scalar where Self.isUnsafe(scalar):
                escaped += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        description = escaped
    }

    /// How many columns the text takes on a terminal.
    var width: Int { description.reduce(0) { $0 + Self.width(of: $1) } }

    /// Control characters, line separators, and formatting characters other than the joiners that scripts and emoji need.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        default: false
        }
    }

    private static func width(of character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars {
            let properties = scalar.properties
            // An emoji that is otherwise drawn as text takes two columns when a variation selector follows it.
            if properties.isEmojiPresentation || scalar.value == 0xFE0F || isWide(scalar.value) { return 2 }
            switch properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: continue
            default: width = 1
            }
        }
        return width
    }

    /// The blocks that Unicode's annex 11 (East Asian Width) gives as wide or full width.
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19,
            0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F200...0x1F2FF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
