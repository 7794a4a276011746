internal import ErrorModel
internal import SemanticGuidance
internal import TextEncoding

extension Relevance {
    /// The error that refuses an intent, with what else the encoder could not make of its text.
    ///
    /// - Parameters:
    ///   - name: the nearest expert's name.
    ///   - text: the intent's text; the error contains nothing of it.
    ///   - truncated: whether the text was longer than the encoder reads.
    ///   - encoder: the text encoder.
    func refusal(
        nearest name: String, of text: String, truncated: Bool, by encoder: SentenceEncoder
    ) -> SgloradError {
        let plain = refusal(nearest: name)
        var sentences = [plain.message]
        var parameters = plain.parameters
        if truncated {
            sentences.append(
                """
                The text was cut: the text encoder reads \(encoder.maximumTokens) tokens, and what follows did not \
                count. Shorten it, or begin with what matters.
                """)
        }
        parameters["truncated"] = .bool(truncated)
        if let unread = encoder.unreadScript(of: text) {
            let scripts = unread.readable.joined(separator: " or ")
            let languages = unread.languages.isEmpty ? "" : "\(unread.languages.joined(separator: ", ")), in "
            sentences.append(
                """
                The text is in \(unread.script) script, of which the text encoder '\(encoder.name)' knows hardly a \
                word: it reads \(languages)\(scripts) script. Describe the task in a language that it reads.
                """)
            parameters["script"] = .string(unread.script)
        }
        return SgloradError(plain.code, sentences.joined(separator: " "), parameters: parameters)
    }
}
