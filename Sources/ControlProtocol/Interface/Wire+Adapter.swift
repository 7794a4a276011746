extension Wire {
    /// One expert that guided an adapter, with its share in the semantic prior.
    public struct GuidingExpert: Codable, Sendable, Hashable {
        /// The field `expert`.
        public var expert: String
        /// The field `digest`.
        public var digest: String
        /// The field `proximity`.
        public var proximity: Double
        /// The field `weight`.
        public var weight: Double

        /// Makes the value from its fields.
        public init(expert: String, digest: String, proximity: Double, weight: Double) {
            self.expert = expert
            self.digest = digest
            self.proximity = proximity
            self.weight = weight
        }
    }

    /// What made an adapter.
    ///
    /// `generator` is present under sg-lora only. `library`, `encoder` and `generator` are digests. `kernel`
    /// names the linear algebra's processor kernel: with the same seed, build and kernel the bytes are the
    /// same.
    public struct Provenance: Codable, Sendable, Hashable {
        /// The field `strategy`.
        public var strategy: String
        /// The field `choice`.
        public var choice: String?
        /// The field `base`.
        public var base: String
        /// The field `experts`.
        public var experts: [Wire.GuidingExpert]
        /// The field `topK`.
        public var topK: Int
        /// The field `temperature`.
        public var temperature: Double
        /// The field `proximity`.
        public var proximity: String
        /// The field `nearestProximity`.
        public var nearestProximity: Double
        /// The field `threshold`.
        public var threshold: Double
        /// The field `seed`.
        public var seed: Int
        /// The field `generator`.
        public var generator: String?
        /// The field `library`.
        public var library: String
        /// The field `encoder`.
        public var encoder: String
        /// The field `kernel`.
        public var kernel: String
        /// The field `version`.
        public var version: String
        /// The field `warnings`.
        public var warnings: [String]?

        /// Makes the value from its fields.
        public init(
            strategy: String, choice: String? = nil, base: String, experts: [Wire.GuidingExpert], topK: Int,
            temperature: Double,
            proximity: String, nearestProximity: Double, threshold: Double, seed: Int,
            generator: String? = nil, library: String, encoder: String, kernel: String, version: String,
            warnings: [String]? = nil
        ) {
            self.strategy = strategy
            self.choice = choice
            self.base = base
            self.experts = experts
            self.topK = topK
            self.temperature = temperature
            self.proximity = proximity
            self.nearestProximity = nearestProximity
            self.threshold = threshold
            self.seed = seed
            self.generator = generator
            self.library = library
            self.encoder = encoder
            self.kernel = kernel
            self.version = version
            self.warnings = warnings
        }
    }

    /// A file of a published adapter.
    public struct AdapterFile: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `bytes`.
        public var bytes: Int
        /// The field `digest`.
        public var digest: String

        /// Makes the value from its fields.
        public init(name: String, bytes: Int, digest: String) {
            self.name = name
            self.bytes = bytes
            self.digest = digest
        }
    }

    /// A published adapter.
    ///
    /// `digest` is that of its adapter_model.safetensors; `path` is its folder on the box. `truncated` says
    /// that the intent was longer than the text encoder reads, and was cut.
    public struct Adapter: Codable, Sendable, Hashable {
        /// The field `adapterId`.
        public var adapterId: String
        /// The field `base`.
        public var base: String
        /// The field `digest`.
        public var digest: String
        /// The field `files`.
        public var files: [Wire.AdapterFile]
        /// The field `bytes`.
        public var bytes: Int
        /// The field `path`.
        public var path: String
        /// The field `label`.
        public var label: String?
        /// The field `createdAt`.
        public var createdAt: String
        /// The field `truncated`.
        public var truncated: Bool?
        /// The field `pinned`.
        public var pinned: Bool?
        /// The field `provenance`.
        public var provenance: Wire.Provenance

        /// Makes the value from its fields.
        public init(
            adapterId: String, base: String, digest: String, files: [Wire.AdapterFile], bytes: Int,
            path: String, label: String? = nil, createdAt: String, truncated: Bool? = nil,
            pinned: Bool? = nil, provenance: Wire.Provenance
        ) {
            self.adapterId = adapterId
            self.base = base
            self.digest = digest
            self.files = files
            self.bytes = bytes
            self.path = path
            self.label = label
            self.createdAt = createdAt
            self.truncated = truncated
            self.pinned = pinned
            self.provenance = provenance
        }
    }
}
