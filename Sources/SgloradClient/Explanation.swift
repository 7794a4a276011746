internal import SgloradInterface

extension SgloradClient {
    /// What guidance sees for an intent.
    public struct Explanation: Sendable, Hashable {
        /// The base model.
        public let base: String
        /// The strategy that a request would take.
        public let strategy: Strategy
        /// How many experts would guide.
        public let topK: Int
        /// The temperature of the softmax over proximities.
        public let temperature: Double
        /// The measure of proximity.
        public let proximity: ProximityMeasure
        /// The nearest experts, nearest first: those that would guide, or up to ten if those are fewer.
        public let neighbours: [Neighbour]
        /// The plain cosine of the nearest expert.
        public let nearestProximity: Double
        /// The plain cosine below which an intent is refused.
        public let threshold: Double
        /// Why a request would be refused; nil if it would not.
        public let refusal: String?
        /// Whether the text was longer than the text encoder reads, and was cut.
        public let isTruncated: Bool
    }

    /// An expert as seen from an intent.
    public struct Neighbour: Sendable, Hashable {
        /// The expert's name.
        public let name: String
        /// The expert's task in plain words.
        public let description: String
        /// The cosine of the two embeddings, -1 to 1.
        public let proximity: Double
        /// The cosine after the library's mean embedding has been subtracted from both.
        public let centredProximity: Double
        /// The share in the semantic prior; nil if the expert would not guide.
        public let weight: Double?
    }

    /// The embedding of a text.
    public struct Embedding: Sendable, Hashable {
        /// A unit vector, as long as the text encoder's dimension.
        public let values: [Double]
        /// How many tokens the encoder read, special ones included.
        public let tokens: Int
        /// Whether the text was longer than the text encoder reads, and was cut.
        public let isTruncated: Bool
    }

    /// What ``SgloradClient/forget(request:)`` and its relatives have erased.
    public struct Erasure: Sendable, Hashable {
        /// The identifiers of the erased requests.
        public let requests: [String]
        /// The identifiers of the erased adapters.
        public let adapters: [String]
        /// How many results and other files were erased from the spool.
        public let spoolFiles: Int
        /// The paths in the spool that could not be erased, with the reason.
        public let leftovers: [Leftover]
    }

    /// Something in the spool that could not be erased.
    public struct Leftover: Sendable, Hashable {
        /// Its path.
        public let path: String
        /// Why, and who can remove it.
        public let reason: String
    }
}

extension SgloradClient.Explanation {
    init(_ wire: Methods.Explain.Reply) {
        self.init(
            base: wire.base, strategy: .init(rawValue: wire.strategy), topK: wire.topK,
            temperature: wire.temperature, proximity: .init(rawValue: wire.proximity),
            neighbours: wire.neighbours.map {
                .init(
                    name: $0.expert, description: $0.description, proximity: $0.proximity,
                    centredProximity: $0.centred, weight: $0.weight)
            },
            nearestProximity: wire.nearestProximity, threshold: wire.threshold,
            refusal: wire.wouldRefuse ? wire.refusal ?? "" : nil, isTruncated: wire.truncated ?? false)
    }
}

extension SgloradClient.Erasure {
    init(_ wire: Methods.Forget.Reply) {
        self.init(
            requests: wire.requests, adapters: wire.adapters,
            spoolFiles: wire.results.addingReportingOverflow(wire.files).partialValue,
            leftovers: (wire.left ?? []).map { .init(path: $0.path, reason: $0.reason) })
    }
}
