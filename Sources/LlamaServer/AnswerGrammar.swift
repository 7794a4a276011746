/// A grammar in llama.cpp's GBNF that allows one of a list of texts, whole and unchanged, and nothing else.
///
/// Source: `grammars/README.md` and `src/llama-grammar.cpp` of llama.cpp.
public enum AnswerGrammar {
    /// The grammar of a list of texts, which is not empty.
    ///
    /// Whatever might mean something to the grammar's reader is written as the number of its character, so that no text
    /// can end its literal.
    public static func oneOf(_ texts: [String]) -> String {
        "root ::= " + texts.map(literal).joined(separator: " | ")
    }

    private static func literal(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x20, 0x21, 0x23...0x5A, 0x5E...0x7E: literal.unicodeScalars.append(scalar)
            case ...0xFF: literal += "\\x\(hexadecimal(scalar.value, digits: 2))"
            case ...0xFFFF: literal += "\\u\(hexadecimal(scalar.value, digits: 4))"
            default: literal += "\\U\(hexadecimal(scalar.value, digits: 8))"
            }
        }
        return literal + "\""
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }
}
