import TextEncoding

extension FuzzTarget {
    /// The tokenizer.
    ///
    /// The first byte is the token limit. The second decides whether the rest is a text for a fixed
    /// vocabulary or, up to a NUL, an extension of the vocabulary.
    static let tokenizer = FuzzTarget(name: "tokenizer") { bytes in
        guard bytes.count >= 2 else { return }
        let limit = Int(bytes[0]) + 2
        var text = bytes[2...]
        var vocabulary = Self.vocabulary
        if bytes[1] & 1 == 1 {
            let end = text.firstIndex(of: 0) ?? text.endIndex
            vocabulary += text[..<end]
            text = text[min(end + 1, text.endIndex)...]
        }
        guard let tokenizer = try? WordPieceTokenizer(vocabulary: vocabulary) else {
            preconditionFailure("a vocabulary with all special tokens was rejected")
        }
        let string = String(decoding: text, as: UTF8.self)
        let tokens = tokenizer.tokenize(string, limit: limit)
        precondition((2...limit).contains(tokens.ids.count))
        precondition(tokens.ids.allSatisfy { (0..<Int32(tokenizer.vocabularySize)).contains($0) })
        let whole = tokenizer.tokenize(string, limit: text.count * 4 + 2)
        precondition(!whole.truncated, "more tokens than the bytes allow")
        precondition(tokens.truncated == (whole.ids.count > limit))
        precondition(tokens.ids.dropLast() == whole.ids.prefix(tokens.ids.count - 1))
    }

    private static let vocabulary = Array(
        """
        [PAD]
        [UNK]
        [CLS]
        [SEP]
        [MASK]
        un
        ##believ
        ##able
        ##believable
        a
        ##b
        ##a
        !
        cafe
        中
        文
        ##é
        \u{1100}
        ##\u{1161}
        i

        """.utf8)
}
