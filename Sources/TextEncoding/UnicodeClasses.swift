/// The character classes that BERT's uncased tokenizer distinguishes.
///
/// Hugging Face `tokenizers` uses the tables of Unicode 8, with which the vocabularies were made: marks and
/// punctuation of later versions count as letters. The standard library knows each character's age, so no
/// tables are needed here; only the few characters whose category has changed since are listed. Verified
/// against `tokenizers` 0.23.3 for all 1,112,064 characters.
enum UnicodeClasses {
    private static func isOfUnicode8(_ properties: Unicode.Scalar.Properties) -> Bool {
        guard let age = properties.age else { return false }
        return age.major < 8 || (age.major == 8 && age.minor == 0)
    }

    /// Control, format and private-use characters, NUL and U+FFFD.
    ///
    /// Tab, line feed and carriage return are white space instead.
    static func isDropped(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value == 0xFFFD { return true }
        switch scalar.properties.generalCategory {
        case .control: return scalar != "\t" && scalar != "\n" && scalar != "\r"
        case .privateUse: return true
        case .format: return isOfUnicode8(scalar.properties)
        default: return false
        }
    }

    /// White space, after dropped characters are removed.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace
    }

    /// Ideographs, each of which is a word of its own.
    ///
    /// The ranges are those of `tokenizers`, which starts one of the blocks at U+2B920.
    static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F,
            0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    /// Punctuation, and every ASCII character that is neither a letter, a digit nor a space.
    static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return true
        case 0..<0x80: return false
        case 0x166D, 0x111C9: return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return isOfUnicode8(scalar.properties)
        default: return false
        }
    }

    /// Non-spacing marks, which are removed as accents.
    static func isAccent(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x300: false
        case 0x1734, 0x1171E: true
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: false
        default: scalar.properties.generalCategory == .nonspacingMark && isOfUnicode8(scalar.properties)
        }
    }

    /// The canonical combining class as of Unicode 9, which `tokenizers` uses for ordering.
    static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
        if scalar.value < 0x300 { return 0 }
        let properties = scalar.properties
        let combining = properties.canonicalCombiningClass.rawValue
        guard combining != 0, let age = properties.age, age.major <= 9 else { return 0 }
        return combining
    }
}
