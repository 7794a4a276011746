public import ErrorModel
public import LowRank

/// Encoding many texts in short pieces of work, for a caller that shares its threads with others.
///
/// Tokenise the texts with ``tokenize(_:)``, divide them with ``batches(of:limit:)``, and encode each batch by itself. The embeddings are those of
/// ``encode(batch:adapter:)``, bit for bit.
extension SentenceEncoder {
    /// Divides texts into batches of at most so many tokens, or of one longer text.
    ///
    /// A batch of 128 tokens takes some ten milliseconds on one core with a small model; larger ones are hardly faster.
    ///
    /// - Parameters:
    ///   - texts: tokenised texts.
    ///   - limit: the most tokens of a batch.
    /// - Returns: the indices of each batch's texts.
    public static func batches(of texts: [TokenizedText], limit: Int) -> [[Int]] {
        guard !texts.isEmpty else { return [] }
        let order = texts.indices.sorted { (texts[$0].ids.count, $0) < (texts[$1].ids.count, $1) }
        return groups(order, of: texts, limit: limit).map { Array($0) }
    }

    /// Encodes one batch.
    ///
    /// - Parameters:
    ///   - texts: tokenised by this encoder.
    ///   - adapter: applied to the weights for this call, at each of its sites.
    /// - Returns: one encoding for each text, in their order.
    /// - Throws: as ``encode(batch:adapter:)``.
    public func encode(
        _ texts: [TokenizedText], adapter: LoRAAdapter? = nil
    ) throws(SgloradError) -> [Encoding] {
        if let adapter { try check(adapter.layout) }
        let scratch = EncoderScratch(
            encoder.configuration, tokens: texts.reduce(0) { $0 + $1.ids.count },
            longest: texts.reduce(0) { max($0, $1.ids.count) }, rank: adapter?.layout.rank ?? 0)
        let embeddings = AppliedAdapter.with(adapter, over: linear) { applied in
            encoder.embed(texts.map(\.ids), adapter: applied, scratch: scratch)
        }
        var encodings: [Encoding] = []
        encodings.reserveCapacity(texts.count)
        for (text, embedding) in zip(texts, embeddings) {
            encodings.append(try encoding(of: text, embedding, adapted: adapter != nil))
        }
        return encodings
    }
}
