public import ErrorModel
public import LowRank

extension SentenceEncoder {
    /// The most tokens that go through the linear layers at once; larger batches use more memory and are not
    /// faster.
    static let batchTokens = 512

    /// Encodes one text; on one machine the same text and adapter always give the same bits.
    ///
    /// - Parameters:
    ///   - text: any text; beyond ``maximumTokens`` tokens it is truncated, which the result reports.
    ///   - adapter: applied to the weights for this call, at each of its sites.
    /// - Throws: `layoutMismatch` if the adapter does not belong to this model; `invalidModel` or
    ///   `invalidFile` if the model's or the adapter's parameters make the embedding overflow.
    public func encode(_ text: String, adapter: LoRAAdapter? = nil) throws(SgloradError) -> Encoding {
        if let adapter { try check(adapter.layout) }
        let tokens = tokenizer.tokenize(text, limit: maximumTokens)
        let count = tokens.ids.count
        let scratch = EncoderScratch(
            encoder.configuration, tokens: count, longest: count, rank: adapter?.layout.rank ?? 0)
        let embeddings = AppliedAdapter.with(adapter, over: linear) { applied in
            encoder.embed([tokens.ids], adapter: applied, scratch: scratch)
        }
        return try encoding(of: tokens, embeddings[0], adapted: adapter != nil)
    }

    /// Encodes several texts, faster than one by one; each result is that of `encode(_:adapter:)`, bit for bit.
    ///
    /// Texts of similar length go through the linear layers together, without padding, up to 512 tokens at
    /// once.
    ///
    /// - Returns: one encoding for each text, in the order of the texts.
    /// - Throws: as `encode(_:adapter:)`, for the first text that fails.
    public func encode(
        batch texts: [String], adapter: LoRAAdapter? = nil
    ) throws(SgloradError) -> [Encoding] {
        if let adapter { try check(adapter.layout) }
        let tokens = texts.map { tokenizer.tokenize($0, limit: maximumTokens) }
        let order = tokens.indices.sorted { (tokens[$0].ids.count, $0) < (tokens[$1].ids.count, $1) }
        guard let last = order.last else { return [] }
        let longest = tokens[last].ids.count
        let total = tokens.reduce(0) { $0 + $1.ids.count }
        let scratch = EncoderScratch(
            encoder.configuration, tokens: min(total, max(Self.batchTokens, longest)), longest: longest,
            rank: adapter?.layout.rank ?? 0)
        var embeddings = [[Float]?](repeating: nil, count: texts.count)
        AppliedAdapter.with(adapter, over: linear) { applied in
            for group in Self.groups(order, of: tokens, limit: Self.batchTokens) {
                let results = encoder.embed(group.map { tokens[$0].ids }, adapter: applied, scratch: scratch)
                for (index, embedding) in zip(group, results) { embeddings[index] = embedding }
            }
        }
        var encodings: [Encoding] = []
        encodings.reserveCapacity(texts.count)
        for (text, embedding) in zip(tokens, embeddings) {
            encodings.append(try encoding(of: text, embedding, adapted: adapter != nil))
        }
        return encodings
    }

    /// Divides the texts, in the given order, into groups of at most `limit` tokens, or of one longer text.
    static func groups(_ order: [Int], of tokens: [TokenizedText], limit: Int) -> [ArraySlice<Int>] {
        var groups: [ArraySlice<Int>] = []
        var start = 0
        var count = 0
        for (place, index) in order.enumerated() {
            let length = tokens[index].ids.count
            if count + length > limit, place > start {
                groups.append(order[start..<place])
                start = place
                count = 0
            }
            count += length
        }
        groups.append(order[start...])
        return groups
    }

    func encoding(
        of tokens: TokenizedText, _ embedding: [Float]?, adapted: Bool
    ) throws(SgloradError) -> Encoding {
        guard let embedding else {
            let reason = "results in an embedding that is zero, infinite or not a number"
            guard adapted else {
                throw .invalidModel(
                    weightsFile, "\(reason); the weights are damaged, download the model again")
            }
            throw .invalidFile(
                "the adapter", "\(reason) in the text encoder '\(name)'; train or export the adapter again")
        }
        return Encoding(embedding: embedding, tokenCount: tokens.ids.count, truncated: tokens.truncated)
    }
}

/// A text's embedding.
public struct Encoding: Sendable {
    /// A vector of unit length; the inner product of two is their cosine similarity.
    public let embedding: [Float]
    /// The number of tokens that were encoded, including the first and the last special one.
    public let tokenCount: Int
    /// Whether the text exceeded the encoder's limit and its end was ignored.
    public let truncated: Bool
}
