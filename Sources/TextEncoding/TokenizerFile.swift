internal import ErrorModel
internal import FoundationEssentials
internal import StrictJSON

/// The vocabulary and the settings of a `tokenizer.json`, which newer folders have in place of `vocab.txt`.
///
/// Where a folder has both, this file counts, as in Hugging Face `transformers`. Under the class `BertTokenizer` the
/// normalizer is built from `tokenizer_config.json`, and the one in this file has no effect; under a general class
/// it is this file's. Source: `TokenizersBackend` and `BertTokenizer` in `transformers` 5.24, and the file format of
/// Hugging Face `tokenizers`.
struct TokenizerFile {
    let vocabulary: WordPieceVocabulary

    static let fileName = "tokenizer.json"
    /// The largest file that is read, in bytes.
    private static let maximumLength = 64 << 20

    private let settings: Settings

    /// Reads the file.
    ///
    /// - Throws: `invalidModel` if it does not hold a WordPiece vocabulary.
    init(of folder: ModelFolder) throws(SgloradError) {
        let bytes = try folder.read(Self.fileName, upTo: Self.maximumLength)
        settings = try folder.decode(Settings.self, from: bytes, of: Self.fileName)
        let file = folder.file(Self.fileName)
        let kind = settings.model.type ?? "WordPiece"
        try folder.require(
            kind == "WordPiece", "the tokenizer model '\(kind)'", in: Self.fileName,
            use: "a WordPiece vocabulary")
        do {
            let pieces = try bytes.withUnsafeBytes { (bytes) throws(JSONSyntaxError) in
                try Self.pieces(bytes)
            }
            guard let pieces else {
                throw SgloradError.invalidModel(
                    file, "has no vocabulary of pieces with ids at model.vocab; download the model again")
            }
            vocabulary = try WordPieceVocabulary(pieces, file: file)
        } catch let error as SgloradError {
            throw error
        } catch {
            throw .invalidModel(file, "is not valid JSON: \(error); download the model again", cause: error)
        }
    }

    /// Checks that the file tokenizes as ``WordPieceTokenizer`` does.
    ///
    /// - Throws: `invalidModel` that names the setting that is not supported.
    func check(_ tokens: TokenizerConfiguration, of folder: ModelFolder) throws(SgloradError) {
        func require(_ condition: Bool, _ option: String, _ wanted: String) throws(SgloradError) {
            try folder.require(condition, option, in: Self.fileName, use: wanted)
        }
        let model = settings.model
        try require(
            (model.continuingSubwordPrefix ?? "##") == "##", "another continuing_subword_prefix than '##'",
            "'##'")
        let longest = model.maxInputCharsPerWord ?? WordSplitter.maximumLength
        try require(
            longest == WordSplitter.maximumLength, "max_input_chars_per_word \(longest)",
            "max_input_chars_per_word \(WordSplitter.maximumLength)")
        try require(
            (settings.truncation?.direction ?? "Right") == "Right" || tokens.truncatesRight,
            "truncation on the left", "truncation on the right")
        for token in settings.addedTokens ?? [] { try tokens.check(token, in: folder.file(Self.fileName)) }
        if tokens.isGeneral {
            try requireUncased(require)
            let unknown = model.unkToken ?? "[UNK]"
            try require(
                unknown == tokens.specialTokens.unknown, "unk_token '\(unknown)'", "one unknown token")
        }
        try require(
            settings.preTokenizer?.type ?? "BertPreTokenizer" == "BertPreTokenizer" || !tokens.isGeneral,
            "the pre-tokenizer '\(settings.preTokenizer?.type ?? "")'", "BertPreTokenizer")
        try require(
            isFramed(by: tokens.specialTokens, optional: !tokens.isGeneral), "its post-processor",
            "\(tokens.specialTokens.classification) before and \(tokens.specialTokens.separator) after a text"
        )
    }

    private func requireUncased(
        _ require: (Bool, String, String) throws(SgloradError) -> Void
    ) throws(SgloradError) {
        guard let normalizer = settings.normalizer, normalizer.type == "BertNormalizer" else {
            throw try { () throws(SgloradError) -> SgloradError in
                try require(
                    false, "the normalizer '\(settings.normalizer?.type ?? "none")'", "BertNormalizer")
                return .internal("a missing normalizer was accepted")
            }()
        }
        try require(settings.preTokenizer != nil, "no pre-tokenizer", "BertPreTokenizer")
        try require(normalizer.lowercase != false, "lowercase false", "an uncased vocabulary")
        try require(normalizer.stripAccents != false, "strip_accents false", "strip_accents null or true")
        try require(normalizer.cleanText != false, "clean_text false", "clean_text true")
        try require(
            normalizer.handleChineseChars != false, "handle_chinese_chars false", "handle_chinese_chars true")
    }

    /// Whether the post-processor puts the classification token before a text and the separator after it.
    private func isFramed(by special: SpecialTokens, optional: Bool) -> Bool {
        guard let processor = settings.postProcessor else { return optional }
        let frame = [special.classification, special.separator]
        func id(_ token: String) -> Int? { vocabulary.id(of: token).map(Int.init) }
        switch processor.type {
        case "BertProcessing":
            return processor.cls?.token == frame[0] && processor.cls?.id == id(frame[0])
                && processor.sep?.token == frame[1] && processor.sep?.id == id(frame[1])
        case "TemplateProcessing":
            let parts = processor.single ?? []
            return parts.count == 3 && parts[0].special == frame[0] && parts[1].isText
                && parts[2].special == frame[1]
                && parts.allSatisfy { $0.typeId == 0 }
                && frame.allSatisfy { token in processor.specialTokens?[token]?.ids == [id(token) ?? -1] }
        default: return false
        }
    }

    /// The pieces of `model.vocab` with their ids, read without a dictionary: to Swift, two spellings of one
    /// character are equal, and the vocabulary distinguishes them.
    private static func pieces(_ bytes: UnsafeRawBufferPointer) throws(JSONSyntaxError) -> [(
        piece: String, id: Int
    )]? {
        var scanner = JSONScanner(bytes, maximumDepth: JSONValue.maximumDepth)
        guard case .beginObject = try scanner.next(), try find("model", &scanner),
            case .beginObject = try scanner.next(), try find("vocab", &scanner),
            case .beginObject = try scanner.next()
        else { return nil }
        var pieces: [(piece: String, id: Int)] = []
        while case .key(let key) = try scanner.next() {
            guard case .number(let number) = try scanner.next(), number.isWhole,
                let id = Int(String(decoding: bytes[number.range], as: UTF8.self))
            else { return nil }
            pieces.append((scanner.decode(key), id))
        }
        return pieces
    }

    /// Reads an object's members up to the key; false if it has no such key.
    private static func find(_ name: String, _ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Bool {
        while case .key(let key) = try scanner.next() {
            if scanner.decode(key) == name { return true }
            try scanner.skipValue()
        }
        return false
    }
}

extension TokenizerFile {
    private struct Settings: Decodable {
        var truncation: Truncation?
        var addedTokens: [AddedToken]?
        var normalizer: Normalizer?
        var preTokenizer: Kind?
        var postProcessor: PostProcessor?
        var model: Model
    }

    private struct Truncation: Decodable { var direction: String? }
    private struct Kind: Decodable { var type: String? }

    private struct Normalizer: Decodable {
        var type: String?
        var cleanText: Bool?
        var handleChineseChars: Bool?
        var stripAccents: Bool?
        var lowercase: Bool?
    }

    private struct Model: Decodable {
        var type: String?
        var unkToken: String?
        var continuingSubwordPrefix: String?
        var maxInputCharsPerWord: Int?
    }

    private struct PostProcessor: Decodable {
        struct Ids: Decodable { var ids: [Int]? }
        var type: String?
        var single: [Part]?
        var specialTokens: [String: Ids]?
        var cls: Pair?
        var sep: Pair?
    }

    /// A token and its id, written as an array of both.
    private struct Pair: Decodable {
        let token: String
        let id: Int

        init(from decoder: any Decoder) throws {
            var values = try decoder.unkeyedContainer()
            token = try values.decode(String.self)
            id = try values.decode(Int.self)
        }
    }

    /// A part of a template: a special token or the text.
    private struct Part: Decodable {
        struct Content: Decodable {
            var id: String?
            var typeId: Int?
        }
        var specialToken: Content?
        var sequence: Content?

        var special: String? { specialToken?.id }
        var isText: Bool { sequence?.id == "A" }
        var typeId: Int { (specialToken ?? sequence)?.typeId ?? 0 }

        private enum CodingKeys: String, CodingKey {
            case specialToken = "SpecialToken"
            case sequence = "Sequence"
        }
    }
}
