/// Why an encoder may not understand a text: the text is in a script of which its vocabulary has hardly a word.
public struct UnreadScript: Sendable, Hashable {
    /// The script of most of the text's letters, such as "Cyrillic".
    public let script: String
    /// The scripts that the vocabulary has words in, most words first; never empty.
    public let readable: [String]
    /// The languages that the model's card names, in English; empty if it names none.
    public let languages: [String]
}

extension SentenceEncoder {
    /// The script of a text, if the vocabulary does not cover it.
    ///
    /// Decided by the vocabulary: BERT's English one contains the letters of many scripts but words only in the
    /// Latin one. Takes some milliseconds for a text that is not in Latin script.
    ///
    /// - Returns: nil if the vocabulary covers the script of most letters, or the text has no letters.
    public func unreadScript(of text: String) -> UnreadScript? {
        var letters: [String: Int] = [:]
        for scalar in text.unicodeScalars {
            if let script = Script.name(of: scalar) { letters[script, default: 0] += 1 }
        }
        guard let most = Script.ranked(letters).first else { return nil }
        let readable = Script.ranked(tokenizer.vocabulary.words)
        guard !readable.isEmpty, !readable.contains(most) else { return nil }
        return UnreadScript(script: most, readable: readable, languages: languages)
    }
}

extension WordPieceVocabulary {
    /// The number of words by script, for each script that the vocabulary covers.
    ///
    /// Pieces of at least two letters count as words, and single ideographs.
    fileprivate var words: [String: Int] {
        var counts: [String: Int] = [:]
        forEachPiece { piece in
            var letters = 0
            var first: String?
            for scalar in String(decoding: piece, as: UTF8.self).unicodeScalars {
                guard let script = Script.name(of: scalar) else { continue }
                first = first ?? script
                letters += 1
                if letters == 2 { break }
            }
            if let first, letters == 2 || first == Script.ideographs { counts[first, default: 0] += 1 }
        }
        return counts.filter { $1 >= ($0 == Script.ideographs ? 2000 : 100) }
    }
}

/// The scripts of Unicode, by the names of their letters.
private enum Script {
    static let ideographs = "Chinese"

    /// The script of a letter; nil for other characters.
    static func name(of scalar: Unicode.Scalar) -> String? {
        if scalar.isASCII { return scalar.properties.isAlphabetic ? "Latin" : nil }
        guard scalar.properties.isAlphabetic else { return nil }
        if UnicodeClasses.isIdeograph(scalar) { return ideographs }
        // "CYRILLIC SMALL LETTER A" and so on; Hangul syllables have no name of their own in the data.
        if (0xAC00...0xD7A3).contains(scalar.value) { return "Korean" }
        guard let word = scalar.properties.name?.split(separator: " ").first else { return nil }
        return switch word {
        case "HIRAGANA", "KATAKANA": "Japanese"
        case "HANGUL": "Korean"
        case "FULLWIDTH", "MODIFIER", "MATHEMATICAL", "FEMININE", "MASCULINE", "MICRO", "SUPERSCRIPT",
            "DOUBLE",
            "SCRIPT":
            nil
        default: word.prefix(1) + word.dropFirst().lowercased()
        }
    }

    /// Scripts by descending count, then by name.
    static func ranked(_ counts: [String: Int]) -> [String] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }
}
