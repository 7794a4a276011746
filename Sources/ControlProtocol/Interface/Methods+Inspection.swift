extension Methods {
    /// What the cache holds.
    public enum CacheStatistics: ControlMethod {
        /// The method's name.
        public static let name = "CacheStatistics"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {

            /// Makes the value; there are no fields.
            public init() {}
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `bases`.
            public var bases: Int
            /// The field `experts`.
            public var experts: Wire.Usage
            /// The field `generators`.
            public var generators: Wire.Usage
            /// The field `adapters`.
            public var adapters: Wire.Usage
            /// The field `uploads`.
            public var uploads: Wire.Usage
            /// The field `databaseBytes`.
            public var databaseBytes: Int

            /// Makes the value from its fields.
            public init(
                bases: Int, experts: Wire.Usage, generators: Wire.Usage, adapters: Wire.Usage,
                uploads: Wire.Usage, databaseBytes: Int
            ) {
                self.bases = bases
                self.experts = experts
                self.generators = generators
                self.adapters = adapters
                self.uploads = uploads
                self.databaseBytes = databaseBytes
            }
        }
    }

    /// The daemon's health.
    ///
    /// `state` is ok, or degraded with the conditions that say why. `training` names the base that is being
    /// trained for.
    public enum Status: ControlMethod {
        /// The method's name.
        public static let name = "Status"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {

            /// Makes the value; there are no fields.
            public init() {}
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `version`.
            public var version: String
            /// The field `state`.
            public var state: String
            /// The field `conditions`.
            public var conditions: [Wire.Condition]
            /// The field `startedAt`.
            public var startedAt: String
            /// The field `stateDirectory`.
            public var stateDirectory: String
            /// The field `encoder`.
            public var encoder: Wire.Encoder?
            /// The field `kernel`.
            public var kernel: String
            /// The field `sqlite`.
            public var sqlite: String
            /// The field `queue`.
            public var queue: Wire.QueueCounts
            /// The field `training`.
            public var training: String?

            /// Makes the value from its fields.
            public init(
                version: String, state: String, conditions: [Wire.Condition], startedAt: String,
                stateDirectory: String, encoder: Wire.Encoder? = nil, kernel: String, sqlite: String,
                queue: Wire.QueueCounts, training: String? = nil
            ) {
                self.version = version
                self.state = state
                self.conditions = conditions
                self.startedAt = startedAt
                self.stateDirectory = stateDirectory
                self.encoder = encoder
                self.kernel = kernel
                self.sqlite = sqlite
                self.queue = queue
                self.training = training
            }
        }
    }
}
