public import TextEncoding

/// Answered examples of a task and the answers that can occur, tokenised: what a ``Refinement`` learns from.
public struct AnsweredExamples: Sendable {
    /// An example: a text, and the index of its answer in ``labels``.
    struct Example: Sendable {
        let text: TokenizedText
        let answer: Int
    }

    /// The fewest examples from which an adapter is refined.
    public static let fewest = 4
    /// The most tokens of a text or a label; what is longer is cut, as in the training of generators.
    private static let tokens = 64

    let labels: [TokenizedText]
    let examples: [Example]

    /// Tokenises examples.
    ///
    /// - Parameters:
    ///   - encoder: the text encoder.
    ///   - examples: texts and their answers.
    ///   - labels: the answers that can occur, each once; the examples' own are added if they are missing.
    public init(encoder: SentenceEncoder, examples: [(text: String, answer: String)], labels: [String]) {
        var all: [String] = []
        var places: [String: Int] = [:]
        for label in labels + examples.map(\.answer) where places[label] == nil {
            places[label] = all.count
            all.append(label)
        }
        func tokenized(_ text: String) -> TokenizedText { encoder.tokenize(text).prefix(Self.tokens) }
        self.labels = all.map(tokenized)
        self.examples = examples.compactMap { example in
            places[example.answer].map { Example(text: tokenized(example.text), answer: $0) }
        }
    }

    /// How many answers can occur.
    public var labelCount: Int { labels.count }

    /// Why no adapter can be refined with them; nil if one can.
    public var obstacle: String? { Self.obstacle(examples: examples.count, labels: labels.count) }

    /// Why no adapter can be refined with so many answered examples and possible answers; nil if one can.
    public static func obstacle(examples: Int, labels: Int) -> String? {
        if examples < fewest {
            return "\(examples) of the examples have answers; \(fewest) are needed to refine"
        }
        return labels < 2 ? "only one answer can occur, so there is nothing to tell apart" : nil
    }
}
