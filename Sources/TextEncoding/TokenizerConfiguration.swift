internal import ErrorModel

/// The supported subset of `tokenizer_config.json` for a WordPiece tokenizer.
///
/// Source of the fields: `BertTokenizer` in Hugging Face `transformers`.
struct TokenizerConfiguration: Sendable {
    let specialTokens: SpecialTokens

    static let fileName = "tokenizer_config.json"

    private struct File: Decodable {
        var tokenizerClass: String?
        var doLowerCase: Bool?
        var stripAccents: Bool?
        var tokenizeChineseChars: Bool?
        var doBasicTokenize: Bool?
        var neverSplit: [String]?
        var unkToken: Token?
        var sepToken: Token?
        var padToken: Token?
        var clsToken: Token?
        var maskToken: Token?
        var additionalSpecialTokens: [Token]?
        var addedTokensDecoder: [String: Token]?
    }

    /// A token, written as a string or as an object with a `content`.
    private struct Token: Decodable {
        let content: String

        private enum Key: String, CodingKey { case content }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                content = text
            } else {
                content = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .content)
            }
        }
    }

    /// Reads and checks `tokenizer_config.json`.
    ///
    /// - Throws: `invalidModel` that names the unsupported option.
    init(of folder: ModelFolder) throws(SgloradError) {
        let values = try folder.decode(File.self, from: Self.fileName)
        func require(_ condition: Bool, _ option: String, _ wanted: String) throws(SgloradError) {
            try folder.require(condition, option, in: Self.fileName, use: wanted)
        }
        let kind = values.tokenizerClass ?? "BertTokenizer"
        try require(
            kind == "BertTokenizer" || kind == "BertTokenizerFast", "tokenizer_class '\(kind)'",
            "tokenizer_class 'BertTokenizer'")
        try require(values.doLowerCase != false, "do_lower_case false", "an uncased vocabulary")
        try require(values.stripAccents != false, "strip_accents false", "strip_accents null or true")
        try require(
            values.tokenizeChineseChars != false, "tokenize_chinese_chars false",
            "tokenize_chinese_chars true")
        try require(values.doBasicTokenize != false, "do_basic_tokenize false", "do_basic_tokenize true")
        try require(values.neverSplit?.isEmpty ?? true, "never_split", "an empty never_split list")
        let names = SpecialTokens()
        let tokens = SpecialTokens(
            unknown: values.unkToken?.content ?? names.unknown,
            separator: values.sepToken?.content ?? names.separator,
            padding: values.padToken?.content ?? names.padding,
            classification: values.clsToken?.content ?? names.classification,
            mask: values.maskToken?.content ?? names.mask)
        let added = (values.additionalSpecialTokens ?? []) + (values.addedTokensDecoder ?? [:]).values
        if let other = added.map(\.content).filter({ !tokens.all.contains($0) }).min() {
            throw .invalidModel(
                folder.file(Self.fileName),
                "the added token '\(other)' is not supported; use a model without added tokens")
        }
        specialTokens = tokens
    }
}

/// The five special tokens of a BERT tokenizer.
///
/// As in Hugging Face's tokenizer, a special token that is written out in a text ("[SEP]") becomes that
/// token: it is matched exactly, before any other processing.
public struct SpecialTokens: Sendable, Hashable {
    /// Replaces a word that cannot be split into pieces.
    public var unknown: String
    /// The last token of every text.
    public var separator: String
    /// Pads batches; never produced by this tokenizer.
    public var padding: String
    /// The first token of every text.
    public var classification: String
    /// Masks a word in training; never produced by this tokenizer.
    public var mask: String

    /// Creates the set with BERT's names, except those that are given.
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

    var all: [String] { [unknown, separator, padding, classification, mask] }
}
