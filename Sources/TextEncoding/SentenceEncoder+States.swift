public import ErrorModel
public import LinearAlgebra
internal import LowRank

extension SentenceEncoder {
    /// The last hidden states of a text's tokens, without an adapter: what its embedding is the mean of.
    ///
    /// - Parameter text: any text; beyond ``maximumTokens`` tokens it is truncated.
    /// - Returns: `[tokens, dimension]`, the two special tokens included.
    /// - Throws: `invalidModel` if the model's parameters make a number overflow.
    public func states(of text: String) throws(SgloradError) -> Matrix {
        let ids = tokenizer.tokenize(text, limit: maximumTokens).ids
        let scratch = EncoderScratch(
            encoder.configuration, tokens: ids.count, longest: ids.count, rank: 0)
        _ = encoder.embed([ids], adapter: nil, scratch: scratch)
        let values = Array(UnsafeBufferPointer(start: scratch.hidden, count: ids.count * dimension))
        guard values.allSatisfy(\.isFinite) else {
            throw .invalidModel(
                weightsFile,
                "results in a state that is infinite or not a number; the weights are damaged, download the model again"
            )
        }
        return Matrix(rows: ids.count, columns: dimension, values: values)
    }
}
