public import ErrorModel
public import LowRank

extension SentenceEncoder {
    /// A text's token ids, cut to ``maximumTokens``.
    public func tokenize(_ text: String) -> TokenizedText {
        tokenizer.tokenize(text, limit: maximumTokens)
    }

    /// Encodes texts with an adapter and keeps what ``gradient(_:byEmbeddings:adapter:)`` needs.
    ///
    /// All texts go through together; memory is about 150 KB a token for a model of six layers and 384 numbers.
    ///
    /// - Throws: `layoutMismatch` when the adapter is not one of this model's.
    public func record(_ texts: [TokenizedText], adapter: LoRAAdapter) throws(SgloradError) -> EncoderTape {
        try check(adapter.layout)
        return AppliedAdapter.with(adapter, over: linear) { applied in
            encoder.record(texts.map(\.ids), adapter: applied, rank: adapter.layout.rank)
        }
    }

    /// The gradient of a function of the embeddings by the adapter's vector.
    ///
    /// - Parameters:
    ///   - tape: what ``record(_:adapter:)`` returned for the same adapter.
    ///   - embeddings: the function's gradient by each unit embedding, in the tape's order.
    ///   - adapter: the adapter that was applied.
    /// - Returns: `adapter.layout.parameterCount` numbers.
    public func gradient(
        _ tape: EncoderTape, byEmbeddings embeddings: [[Float]], adapter: LoRAAdapter
    ) -> [Float] {
        precondition(embeddings.count == tape.embeddings.count, "a gradient for each embedding")
        var result = [Float](repeating: 0, count: adapter.layout.parameterCount)
        AppliedAdapter.with(adapter, over: linear) { applied in
            guard let applied else { return }
            result.withUnsafeMutableBufferPointer { result in
                guard let base = result.baseAddress else { return }
                encoder.back(tape, embeddings: embeddings, adapter: applied, parameters: base)
            }
        }
        return result
    }
}
