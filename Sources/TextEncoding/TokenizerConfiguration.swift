internal import ErrorModel

/// The supported subset of `tokenizer_config.json` for a WordPiece tokenizer.
///
/// Source of the fields and their defaults: `BertTokenizer` in Hugging Face `transformers`, whose defaults also
/// apply where the file is missing.
struct TokenizerConfiguration: Sendable {
    let specialTokens: SpecialTokens
    /// Whether the class is a general one, whose settings are all in `tokenizer.json`.
    let isGeneral: Bool
    /// The longest text in tokens, if the file limits it; it is a number beyond any model's in many files.
    let maximumTokens: Int?
    /// Whether the file says that a long text is cut at its end.
    let truncatesRight: Bool
    /// The absolute paths of the files that this configuration was read from.
    let files: [String]

    static let fileName = "tokenizer_config.json"
    static let specialTokensName = "special_tokens_map.json"

    private struct File: Decodable {
        var tokenizerClass: String?
        var doLowerCase: Bool?
        var stripAccents: Bool?
        var tokenizeChineseChars: Bool?
        var doBasicTokenize: Bool?
        var neverSplit: [String]?
        var modelMaxLength: Double?
        var truncationSide: String?
        var paddingSide: String?
        var additionalSpecialTokens: [AddedToken]?
        var extraSpecialTokens: ExtraTokens?
        var addedTokensDecoder: [String: AddedToken]?
    }

    /// The special tokens, which older folders repeat in a file of their own.
    private struct Names: Decodable {
        var unkToken: AddedToken?
        var sepToken: AddedToken?
        var padToken: AddedToken?
        var clsToken: AddedToken?
        var maskToken: AddedToken?

        var isIncomplete: Bool {
            [unkToken, sepToken, padToken, clsToken, maskToken].contains { $0 == nil }
        }

        /// The file of its own would win, in some versions of `transformers`.
        func requireAgreement(with other: Names, in file: String) throws(SgloradError) {
            for (mine, others) in [
                (unkToken, other.unkToken), (sepToken, other.sepToken), (padToken, other.padToken),
                (clsToken, other.clsToken), (maskToken, other.maskToken),
            ] {
                guard let mine, let others, mine.content != others.content else { continue }
                throw .invalidModel(
                    file,
                    "names the special token '\(others.content)', and tokenizer_config.json '\(mine.content)'; use the "
                        + "files of one model")
            }
        }

        mutating func fill(from other: Names) {
            unkToken = unkToken ?? other.unkToken
            sepToken = sepToken ?? other.sepToken
            padToken = padToken ?? other.padToken
            clsToken = clsToken ?? other.clsToken
            maskToken = maskToken ?? other.maskToken
        }
    }

    /// Further tokens, as a list or by name.
    private struct ExtraTokens: Decodable {
        let tokens: [AddedToken]

        init(from decoder: any Decoder) throws {
            if let list = try? decoder.singleValueContainer().decode([AddedToken].self) {
                tokens = list
            } else {
                tokens = Array(try decoder.singleValueContainer().decode([String: AddedToken].self).values)
            }
        }
    }

    /// Reads and checks the files that exist.
    ///
    /// - Throws: `invalidModel` that names the unsupported option.
    init(of folder: ModelFolder) throws(SgloradError) {
        var files: [String] = []
        var values = File()
        var names = Names()
        if folder.holds(Self.fileName) {
            values = try folder.decode(File.self, from: Self.fileName)
            names = try folder.decode(Names.self, from: Self.fileName)
            files.append(folder.file(Self.fileName))
        }
        if folder.holds(Self.specialTokensName) {
            let others = try folder.decode(Names.self, from: Self.specialTokensName)
            try names.requireAgreement(with: others, in: folder.file(Self.specialTokensName))
            if names.isIncomplete {
                names.fill(from: others)
                files.append(folder.file(Self.specialTokensName))
            }
        }
        self.files = files
        isGeneral = Self.generalClasses.contains(values.tokenizerClass ?? "")
        let known = SpecialTokens()
        specialTokens = SpecialTokens(
            unknown: names.unkToken?.content ?? known.unknown,
            separator: names.sepToken?.content ?? known.separator,
            padding: names.padToken?.content ?? known.padding,
            classification: names.clsToken?.content ?? known.classification,
            mask: names.maskToken?.content ?? known.mask)
        // Files say "none" by numbers that no Int can hold.
        maximumTokens = values.modelMaxLength.map { $0 < 1e9 ? Int($0) : Int(1e9) }
        truncatesRight = values.truncationSide == "right"
        try Self.requireSupported(values, isGeneral: isGeneral, in: folder)
        let added =
            (values.additionalSpecialTokens ?? []) + (values.extraSpecialTokens?.tokens ?? [])
            + (values.addedTokensDecoder ?? [:]).values.sorted { $0.content < $1.content }
        for token in added { try check(token, in: folder.file(Self.fileName)) }
    }

    /// Refuses an added token that this tokenizer would not produce, or not at the same places.
    ///
    /// - Throws: `invalidModel` that names the token.
    func check(_ token: AddedToken, in file: String) throws(SgloradError) {
        guard specialTokens.all.contains(token.content) else {
            throw .invalidModel(
                file, "the added token '\(token.content)' is not supported; use a model without added tokens")
        }
        guard !token.isContextual else {
            throw .invalidModel(
                file,
                "lstrip, rstrip, single_word or normalized is set for the token '\(token.content)', which is not "
                    + "supported; set all four to false")
        }
    }

    private static let generalClasses: Set<String> = ["PreTrainedTokenizerFast", "TokenizersBackend"]

    private static func requireSupported(
        _ values: File, isGeneral: Bool, in folder: ModelFolder
    ) throws(SgloradError) {
        func require(_ condition: Bool, _ option: String, _ wanted: String) throws(SgloradError) {
            try folder.require(condition, option, in: fileName, use: wanted)
        }
        let kind = values.tokenizerClass ?? "BertTokenizer"
        try require(
            isGeneral || kind == "BertTokenizer" || kind == "BertTokenizerFast", "tokenizer_class '\(kind)'",
            "tokenizer_class 'BertTokenizer'")
        try require(
            !isGeneral || folder.holds(TokenizerFile.fileName),
            "tokenizer_class '\(kind)' without tokenizer.json",
            "tokenizer_class 'BertTokenizer'")
        try require(
            (values.truncationSide ?? "right") == "right", "truncation_side 'left'", "truncation_side 'right'"
        )
        try require((values.paddingSide ?? "right") == "right", "padding_side 'left'", "padding_side 'right'")
        if isGeneral { return }
        try require(values.doLowerCase != false, "do_lower_case false", "an uncased vocabulary")
        try require(values.stripAccents != false, "strip_accents false", "strip_accents null or true")
        try require(
            values.tokenizeChineseChars != false, "tokenize_chinese_chars false",
            "tokenize_chinese_chars true")
        try require(values.doBasicTokenize != false, "do_basic_tokenize false", "do_basic_tokenize true")
        try require(values.neverSplit?.isEmpty ?? true, "never_split", "an empty never_split list")
    }
}

/// A token of a configuration file, written as a string or as an object with a `content`.
struct AddedToken: Decodable, Sendable {
    let content: String
    /// Whether its recognition depends on more than its own characters.
    let isContextual: Bool

    private enum Key: String, CodingKey {
        case content, lstrip, rstrip, normalized, singleWord
    }

    init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            content = text
            isContextual = false
        } else {
            let values = try decoder.container(keyedBy: Key.self)
            content = try values.decode(String.self, forKey: .content)
            isContextual = try [Key.lstrip, .rstrip, .normalized, .singleWord].contains {
                try values.decodeIfPresent(Bool.self, forKey: $0) == true
            }
        }
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
