public import ErrorModel

/// How a library's experts were asked and how they answer: the form of the prompt and that of the answer.
///
/// Adapters merged from experts do well only when they are asked in the form that the experts were trained with. Its file
/// is `prompt.json`:
///
///     {"prompt": "Intents: {labels}.\nUtterance: {text}\nIntent:", "answer": " {answer}\n"}
public struct PromptForm: Sendable, Hashable, Codable {
    /// The prompt, with `{labels}` and `{text}` once each, in either order.
    public let prompt: String
    /// The whole answer, with `{answer}` once; what follows it ends the answer.
    public let answer: String

    /// The form as texts for the metadata of an adapter's file, by key.
    public var metadata: [String: String] {
        ["sglorad.prompt.form": prompt, "sglorad.prompt.answer": answer]
    }

    /// The longest prompt, in bytes, without what is put into it.
    public static let maximumPrompt = 4096
    /// The longest answer, in bytes, without what is put into it.
    public static let maximumAnswer = 256

    /// Checks a form.
    ///
    /// - Throws: `invalidRequest` for the field `prompt`: a placeholder is missing, stands twice or in the wrong text, or a
    ///   text is empty, too long or holds a control character other than a line break and a tab.
    public init(prompt: String, answer: String) throws(SgloradError) {
        try Self.check(
            prompt, "prompt", needs: ["{labels}", "{text}"], not: ["{answer}"], Self.maximumPrompt)
        try Self.check(
            answer, "answer", needs: ["{answer}"], not: ["{labels}", "{text}"], Self.maximumAnswer)
        self.prompt = prompt
        self.answer = answer
    }

    private enum Keys: String, CodingKey { case prompt, answer }

    /// Decodes a form and checks it as `init(prompt:answer:)` does.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Keys.self)
        try self.init(
            prompt: container.decode(String.self, forKey: .prompt),
            answer: container.decode(String.self, forKey: .answer))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(prompt, forKey: .prompt)
        try container.encode(answer, forKey: .answer)
    }

    private static func check(
        _ text: String, _ field: String, needs: [String], not foreign: [String], _ limit: Int
    ) throws(SgloradError) {
        func invalid(_ reason: String) -> SgloradError {
            .invalidRequest(
                field: "prompt", reason: "has \(field == "prompt" ? "a prompt" : "an answer") that \(reason)")
        }
        guard (1...limit).contains(text.utf8.count) else {
            throw invalid("has \(text.utf8.count) bytes; it must be 1 to \(limit)")
        }
        for scalar in text.unicodeScalars where scalar.properties.generalCategory == .control {
            guard scalar == "\n" || scalar == "\t" else {
                throw invalid("holds a control character other than a line break and a tab")
            }
        }
        for placeholder in needs {
            let count = pieces(of: text, at: placeholder).count - 1
            guard count == 1 else {
                throw invalid("holds \(placeholder) \(count) times; it must be there once")
            }
        }
        for placeholder in foreign where pieces(of: text, at: placeholder).count > 1 {
            throw invalid("holds \(placeholder), which belongs in the other text")
        }
    }

    /// What stands between the places of a placeholder.
    private static func pieces(of text: String, at placeholder: String) -> [String] {
        let (bytes, wanted) = (Array(text.utf8), Array(placeholder.utf8))
        var pieces: [String] = []
        var (start, place) = (0, 0)
        while place + wanted.count <= bytes.count {
            if bytes[place..<(place + wanted.count)].elementsEqual(wanted) {
                pieces.append(String(decoding: bytes[start..<place], as: UTF8.self))
                place += wanted.count
                start = place
            } else {
                place += 1
            }
        }
        return pieces + [String(decoding: bytes[start...], as: UTF8.self)]
    }
}

extension PromptForm {
    /// The prompt for a text and the labels to choose from, in their order, which are joined by ", ".
    ///
    /// Nothing that is put in is itself searched for placeholders.
    public func prompt(labels: [String], text: String) -> String {
        let list = labels.joined(separator: ", ")
        let around = Self.pieces(of: prompt, at: "{text}")
        func filled(_ piece: String) -> String {
            Self.pieces(of: piece, at: "{labels}").joined(separator: list)
        }
        return around.map(filled).joined(separator: text)
    }

    /// The whole answer that names a label.
    public func answer(naming label: String) -> String {
        Self.pieces(of: answer, at: "{answer}").joined(separator: label)
    }
}
