/// A text's place in the embedding space.
public struct Encoding: Sendable {
    /// The embedding, of unit length; the inner product of two is their cosine.
    public let embedding: [Float]
    /// How many tokens were encoded, the first and the last special one included.
    public let tokenCount: Int
    /// Whether the text was longer than the encoder's limit, and its end was not looked at.
    public let truncated: Bool
}
