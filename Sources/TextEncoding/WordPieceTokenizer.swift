public import ErrorModel

/// The uncased WordPiece tokenizer of BERT; its token ids are those of Hugging Face's `BertTokenizerFast`.
///
/// Runs in time linear in the text and copies only the word at hand. Source: Devlin et al., "BERT:
/// Pre-training of Deep Bidirectional Transformers", 2018, and the behaviour of `tokenizers` 0.23.
public struct WordPieceTokenizer: Sendable {
    let vocabulary: WordPieceVocabulary
    private let unknown: Int32
    private let separator: Int32
    private let classification: Int32
    /// The special tokens in UTF-8, longest first: where two match, the longer one wins.
    private let written: [(bytes: [UInt8], id: Int32)]

    /// The size of the vocabulary; every id is below it.
    public var vocabularySize: Int { vocabulary.count }

    /// Creates a tokenizer from the contents of a `vocab.txt`.
    ///
    /// - Parameters:
    ///   - vocabulary: one piece per line, in UTF-8.
    ///   - specialTokens: each must be a line of the vocabulary.
    ///   - file: the vocabulary's name in error messages.
    /// - Throws: `invalidModel` if the vocabulary is empty or a special token is missing.
    public init(
        vocabulary: [UInt8], specialTokens: SpecialTokens = SpecialTokens(), file: String = "vocab.txt"
    ) throws(SgloradError) {
        try self.init(
            try WordPieceVocabulary(vocabulary, file: file), specialTokens: specialTokens, file: file)
    }

    init(
        _ pieces: WordPieceVocabulary, specialTokens: SpecialTokens, file: String
    ) throws(SgloradError) {
        func id(_ token: String) throws(SgloradError) -> Int32 {
            guard !token.isEmpty, let id = pieces.id(of: token) else {
                throw .invalidModel(
                    file,
                    "has no piece '\(token)', which tokenizer_config.json declares as a special token; use the files of one model"
                )
            }
            return id
        }
        vocabulary = pieces
        unknown = try id(specialTokens.unknown)
        separator = try id(specialTokens.separator)
        classification = try id(specialTokens.classification)
        var written: [(bytes: [UInt8], id: Int32)] = []
        for token in specialTokens.all { written.append((Array(token.utf8), try id(token))) }
        self.written = written.sorted { $0.bytes.count > $1.bytes.count }
    }

    /// Converts a text to token ids, truncated to a limit.
    ///
    /// - Parameters:
    ///   - text: any text; the empty one has two tokens.
    ///   - limit: the most ids, including the first and the last special token; at least 2.
    public func tokenize(_ text: String, limit: Int) -> TokenizedText {
        precondition(limit >= 2, "a limit of \(limit) tokens; it must be at least 2")
        var ids: [Int32] = [classification]
        var text = text
        text.withUTF8 { collect($0, into: &ids, while: limit) }
        let truncated = ids.count > limit - 1
        if truncated { ids.removeLast(ids.count - (limit - 1)) }
        ids.append(separator)
        return TokenizedText(ids: ids, truncated: truncated)
    }

    /// Appends the text's ids until the text ends or there is one id too many, which shows that the text is
    /// too long.
    private func collect(_ bytes: UnsafeBufferPointer<UInt8>, into ids: inout [Int32], while limit: Int) {
        var splitter = WordSplitter()
        func emit(_ word: WordSplitter.Word) {
            if word.isTooLong || !vocabulary.cut(word, into: &ids) { ids.append(unknown) }
        }
        var index = 0
        while index < bytes.count, ids.count < limit {
            if let special = specialToken(at: index, of: bytes) {
                splitter.finish(emit)
                ids.append(special.id)
                index += special.bytes.count
                continue
            }
            let (scalar, length) = Self.scalar(at: index, of: bytes)
            index += length
            splitter.push(scalar, emit)
        }
        if ids.count < limit { splitter.finish(emit) }
    }

    private func specialToken(at index: Int, of bytes: UnsafeBufferPointer<UInt8>) -> (
        bytes: [UInt8], id: Int32
    )? {
        for token in written
        where bytes[index] == token.bytes[0] && index + token.bytes.count <= bytes.count
            && bytes[index..<index + token.bytes.count].elementsEqual(token.bytes)
        {
            return token
        }
        return nil
    }

    /// Decodes one character; a `String` is always valid UTF-8.
    private static func scalar(
        at index: Int, of bytes: UnsafeBufferPointer<UInt8>
    ) -> (Unicode.Scalar, length: Int) {
        let first = bytes[index]
        if first < 0x80 { return (Unicode.Scalar(first), 1) }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = UInt32(first) & (0xFF >> UInt32(length + 1))
        for offset in 1..<length where index + offset < bytes.count {
            value = value << 6 | UInt32(bytes[index + offset] & 0x3F)
        }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }
}

/// A text as token ids.
public struct TokenizedText: Sendable, Hashable {
    /// The ids: the classification token, the text's tokens, the separator.
    public let ids: [Int32]
    /// Whether the text exceeded the limit and was truncated at its end.
    public let truncated: Bool

    /// The text truncated to at most `count` tokens, at least two, still ending with the separator.
    public func prefix(_ count: Int) -> TokenizedText {
        guard ids.count > count, count >= 2, let separator = ids.last else { return self }
        return TokenizedText(ids: ids.prefix(count - 1) + [separator], truncated: true)
    }
}
