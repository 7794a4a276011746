/// A text as the token ids that an encoder takes.
public struct TokenizedText: Sendable, Hashable {
    /// The ids: the classification token, the text's own, the separator.
    public let ids: [Int32]
    /// Whether the text had more tokens than the limit and was cut at its end.
    public let truncated: Bool
}
