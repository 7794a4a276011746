internal import ErrorModel

/// The languages that a model's card, its `README.md`, declares in the front matter.
///
/// Source: the metadata of model cards on the Hugging Face Hub, `language: en` or a list.
enum ModelCard {
    private static let fileName = "README.md"

    /// The languages in English; a code that is not known here as it stands.
    ///
    /// Empty without a card.
    static func languages(in folder: ModelFolder) -> [String] {
        guard folder.holds(fileName), let bytes = try? folder.read(fileName, upTo: 1 << 20) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", maxSplits: 200, omittingEmptySubsequences: false)
        guard lines.first?.trimmed == "---" else { return [] }
        var codes: [Substring] = []
        var isList = false
        for line in lines.dropFirst() {
            let line = line.trimmed
            if line == "---" { break }
            if line.hasPrefix("language:") {
                let value = line.dropFirst("language:".count).trimmed
                isList = value.isEmpty
                codes += value.split { "[], \"'".contains($0) }
            } else if isList, line.hasPrefix("-") {
                codes.append(line.dropFirst().trimmed)
            } else {
                isList = false
            }
        }
        return codes.prefix(20).map { names[$0] ?? String($0.prefix(20)) }
    }

    private static let names: [Substring: String] = [
        "ar": "Arabic", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
        "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
        "hi": "Hindi", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch",
        "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
        "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
        "zh": "Chinese", "multilingual": "many languages",
    ]
}

extension Substring {
    /// Without white space at either end.
    fileprivate var trimmed: Substring {
        let start = drop(while: \.isWhitespace)
        return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
    }
}
