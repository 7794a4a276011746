public import ErrorModel
public import LowRank

extension SentenceEncoder {
    /// A text's token ids, truncated to ``maximumTokens``.
    public func tokenize(_ text: String) -> TokenizedText {
        tokenizer.tokenize(text, limit: maximumTokens)
    }

    /// Encodes texts with an adapter and keeps the activations that ``gradient(_:byEmbeddings:adapter:)``
    /// needs.
    ///
    /// All texts form one batch; memory is about 150 KB per token for a model with six layers of width 384.
    ///
    /// - Throws: `layoutMismatch` if the adapter does not belong to this model.
    public func record(_ texts: [TokenizedText], adapter: LoRAAdapter) throws(SgloradError) -> EncoderTape {
        try check(adapter.layout)
        return AppliedAdapter.with(adapter, over: linear) { applied in
            encoder.record(texts.map(\.ids), adapter: applied, rank: adapter.layout.rank)
        }
    }

    /// The gradient of a function of the embeddings with respect to the adapter's parameters.
    ///
    /// - Parameters:
    ///   - tape: the result of ``record(_:adapter:)`` for the same adapter.
    ///   - embeddings: the function's gradient with respect to each unit embedding, in the tape's order.
    ///   - adapter: the adapter that was applied.
    /// - Returns: `adapter.layout.parameterCount` numbers.
    public func gradient(
        _ tape: EncoderTape, byEmbeddings embeddings: [[Float]], adapter: LoRAAdapter
    ) -> [Float] {
        precondition(
            embeddings.count == tape.embeddings.count, "there must be one gradient for each embedding")
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
