public import Privacy

extension Methods {
    /// Queue an intent and wait for its adapter.
    ///
    /// With `more`, each change of the request is a reply of its own. The request is durable before the first
    /// reply; a client that goes away does not take it back. `idempotencyKey` as in Submit.
    public enum Request: ControlMethod {
        /// The method's name.
        public static let name = "Request"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `intent`.
            public var intent: Wire.Intent
            /// The field `idempotencyKey`.
            public var idempotencyKey: String?

            /// Makes the value from its fields.
            public init(intent: Wire.Intent, idempotencyKey: String? = nil) {
                self.intent = intent
                self.idempotencyKey = idempotencyKey
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `request`.
            public var request: Wire.Request
            /// The field `adapter`.
            public var adapter: Wire.Adapter?

            /// Makes the value from its fields.
            public init(request: Wire.Request, adapter: Wire.Adapter? = nil) {
                self.request = request
                self.adapter = adapter
            }
        }
    }

    /// What guidance sees, without generating.
    ///
    /// `neighbours` holds the nearest experts, nearest first: the top K and, if fewer, up to ten. `strategy`
    /// is what Request would take; `truncated` as in Adapter.
    public enum Explain: ControlMethod {
        /// The method's name.
        public static let name = "Explain"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `text`.
            public var text: PrivateText
            /// The field `base`.
            public var base: String?
            /// The field `topK`.
            public var topK: Int?
            /// The field `temperature`.
            public var temperature: Double?
            /// The field `proximity`.
            public var proximity: String?

            /// Makes the value from its fields.
            public init(
                text: PrivateText, base: String? = nil, topK: Int? = nil, temperature: Double? = nil,
                proximity: String? = nil
            ) {
                self.text = text
                self.base = base
                self.topK = topK
                self.temperature = temperature
                self.proximity = proximity
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `base`.
            public var base: String
            /// The field `strategy`.
            public var strategy: String
            /// The field `topK`.
            public var topK: Int
            /// The field `temperature`.
            public var temperature: Double
            /// The field `proximity`.
            public var proximity: String
            /// The field `neighbours`.
            public var neighbours: [Wire.Neighbour]
            /// The field `prior`.
            public var prior: Wire.Prior
            /// The field `nearestProximity`.
            public var nearestProximity: Double
            /// The field `threshold`.
            public var threshold: Double
            /// The field `wouldRefuse`.
            public var wouldRefuse: Bool
            /// The field `truncated`.
            public var truncated: Bool?

            /// Makes the value from its fields.
            public init(
                base: String, strategy: String, topK: Int, temperature: Double, proximity: String,
                neighbours: [Wire.Neighbour], prior: Wire.Prior, nearestProximity: Double, threshold: Double,
                wouldRefuse: Bool, truncated: Bool? = nil
            ) {
                self.base = base
                self.strategy = strategy
                self.topK = topK
                self.temperature = temperature
                self.proximity = proximity
                self.neighbours = neighbours
                self.prior = prior
                self.nearestProximity = nearestProximity
                self.threshold = threshold
                self.wouldRefuse = wouldRefuse
                self.truncated = truncated
            }
        }
    }

    /// Encode up to 1,024 texts of at most 32,768 bytes each, with a published adapter applied if one is
    /// named.
    public enum Encode: ControlMethod {
        /// The method's name.
        public static let name = "Encode"
        /// How many texts are taken at once.
        public static let limit = 1024

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `texts`.
            public var texts: [PrivateText]
            /// The field `adapterId`.
            public var adapterId: String?

            /// Makes the value from its fields.
            public init(texts: [PrivateText], adapterId: String? = nil) {
                self.texts = texts
                self.adapterId = adapterId
            }

            /// Takes one text more than the limit at the most, by which it is seen that there are too many: millions of empty
            /// ones fit into a message, and as values they would take many times its memory.
            public init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                var list = try container.nestedUnkeyedContainer(forKey: .texts)
                texts = []
                while !list.isAtEnd, texts.count <= Encode.limit {
                    texts.append(try list.decode(PrivateText.self))
                }
                adapterId = try container.decodeIfPresent(String.self, forKey: .adapterId)
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `embeddings`.
            public var embeddings: [Wire.Embedding]

            /// Makes the value from its fields.
            public init(embeddings: [Wire.Embedding]) {
                self.embeddings = embeddings
            }
        }
    }
}
