/// Text of any origin, escaped so that it cannot move the cursor, change colours or reverse the text direction.
struct SafeText: Sendable, Hashable, CustomStringConvertible {
    /// The text with control and invisible formatting characters escaped, such as `\u{1B}` and `\n`.
    let description: String

    init(_ text: String) {
        guard text.unicodeScalars.contains(where: Self.isUnsafe) else {
            description = text
            return
        }
        description = text.unicodeScalars.map(Self.escaped).joined()
    }

    /// The number of terminal columns the text occupies.
    var width: Int { description.reduce(0) { $0 + Self.width(of: $1) } }

    /// Control characters, line separators, and formatting characters except the joiners (U+200C, U+200D).
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        default: false
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        guard isUnsafe(scalar) else { return String(scalar) }
        let short: [Unicode.Scalar: String] = ["\n": "\\n", "\r": "\\r", "\t": "\\t"]
        return short[scalar] ?? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    }

    /// The number of terminal columns a character occupies: 0, 1 or 2.
    static func width(of character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars {
            let properties = scalar.properties
            // U+FE0F selects the two-column emoji form of a character that is otherwise drawn as text.
            if properties.isEmojiPresentation || scalar.value == 0xFE0F || isWide(scalar.value) { return 2 }
            switch properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: continue
            default: width = 1
            }
        }
        return width
    }

    /// The blocks that are wide or full width in Unicode Standard Annex #11 (East Asian Width).
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
