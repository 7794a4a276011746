/// The five tokens of a BERT tokenizer that stand for no text of their own.
///
/// Where one of them is written out in a text ("[SEP]"), it is that token, as with Hugging Face's tokenizer: matched to
/// the letter, before anything else is done to the text.
public struct SpecialTokens: Sendable, Hashable {
    /// What a word that cannot be cut into pieces becomes.
    public var unknown: String
    /// The last token of every text.
    public var separator: String
    /// Fills up batches; never added by this tokenizer.
    public var padding: String
    /// The first token of every text.
    public var classification: String
    /// Hides a word in training; never added by this tokenizer.
    public var mask: String

    /// The names that BERT gave them, unless others are named.
    public init(
        unknown: String = "[UNK]", separator: String = "[SEP]", padding: String = "[PAD]",
        classification: String = "[CLS]", mask: String = "[MASK]"
    ) {
        self.unknown = unknown
        self.separator = separator
        self.padding = padding
        self.classification = classification
        self.mask = mask
    }

    /// All five.
    var all: [String] { [unknown, separator, padding, classification, mask] }
}
