internal import Privacy

extension Methods.Encode {
    /// The maximum number of texts in a call.
    public static let limit = 1024
}

extension Methods.Encode.Parameters {
    /// Decodes at most one text more than the limit, so that a message of very many empty texts does not take
    /// memory for each.
    ///
    /// The handler rejects a call with more texts than the limit.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        var list = try container.nestedUnkeyedContainer(forKey: .texts)
        var texts: [PrivateText] = []
        while !list.isAtEnd, texts.count <= Methods.Encode.limit {
            texts.append(try list.decode(PrivateText.self))
        }
        self.init(texts: texts, adapterId: try container.decodeIfPresent(String.self, forKey: .adapterId))
    }
}
