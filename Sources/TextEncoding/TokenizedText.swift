/// A text as the token ids that an encoder takes.
public struct TokenizedText: Sendable, Hashable {
    /// The ids: the classification token, the text's own, the separator.
    public let ids: [Int32]
    /// Whether the text had more tokens than the limit and was cut at its end.
    public let truncated: Bool

    /// The text cut to at most so many tokens, two or more, the separator still the last.
    public func prefix(_ count: Int) -> TokenizedText {
        guard ids.count > count, count >= 2, let separator = ids.last else { return self }
        return TokenizedText(ids: ids.prefix(count - 1) + [separator], truncated: true)
    }
}
