extension Wire {
    /// One linear layer of a base model that LoRA adapts.
    public struct Site: Codable, Sendable, Hashable {
        /// The field `path`.
        public var path: String
        /// The field `inFeatures`.
        public var inFeatures: Int
        /// The field `outFeatures`.
        public var outFeatures: Int

        /// Makes the value from its fields.
        public init(path: String, inFeatures: Int, outFeatures: Int) {
            self.path = path
            self.inFeatures = inFeatures
            self.outFeatures = outFeatures
        }
    }

    /// A base model: its layout, and what its library holds.
    ///
    /// `encodes` says that the box's text encoder has these sites, so that Encode can apply the adapters.
    /// `library` is the digest of the library's experts.
    public struct Base: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `sites`.
        public var sites: [Wire.Site]
        /// The field `rank`.
        public var rank: Int
        /// The field `scale`.
        public var scale: Double
        /// The field `parameterCount`.
        public var parameterCount: Int
        /// The field `experts`.
        public var experts: Int
        /// The field `library`.
        public var library: String
        /// The field `encodes`.
        public var encodes: Bool
        /// The field `createdAt`.
        public var createdAt: String

        /// Makes the value from its fields.
        public init(
            name: String, sites: [Wire.Site], rank: Int, scale: Double, parameterCount: Int, experts: Int,
            library: String, encodes: Bool, createdAt: String
        ) {
            self.name = name
            self.sites = sites
            self.rank = rank
            self.scale = scale
            self.parameterCount = parameterCount
            self.experts = experts
            self.library = library
            self.encodes = encodes
            self.createdAt = createdAt
        }
    }

    /// A file that was uploaded: its name relative to the adapter's folder, and its digest.
    public struct UploadedFile: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `digest`.
        public var digest: String

        /// Makes the value from its fields.
        public init(name: String, digest: String) {
            self.name = name
            self.digest = digest
        }
    }

    /// A trained adapter of a known task.
    ///
    /// `digest` is of its name, description and files. `descriptionTruncated` says that the description was
    /// longer than the text encoder reads. `foreign` says that it comes from another initialisation than the
    /// library: it is merged by what it does to the weights, and no generator is trained on it.
    public struct Expert: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `base`.
        public var base: String
        /// The field `description`.
        public var description: String
        /// The field `digest`.
        public var digest: String
        /// The field `checkpoints`.
        public var checkpoints: Int
        /// The field `bytes`.
        public var bytes: Int
        /// The field `importedAt`.
        public var importedAt: String
        /// The field `descriptionTruncated`.
        public var descriptionTruncated: Bool?
        /// The field `foreign`.
        public var foreign: Bool?

        /// Makes the value from its fields.
        public init(
            name: String, base: String, description: String, digest: String, checkpoints: Int, bytes: Int,
            importedAt: String, descriptionTruncated: Bool? = nil, foreign: Bool? = nil
        ) {
            self.name = name
            self.base = base
            self.description = description
            self.digest = digest
            self.checkpoints = checkpoints
            self.bytes = bytes
            self.importedAt = importedAt
            self.descriptionTruncated = descriptionTruncated
            self.foreign = foreign
        }
    }
}
