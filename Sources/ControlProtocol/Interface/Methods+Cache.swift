extension Methods {
    /// Reads everything the cache holds and compares it with what was stored.
    ///
    /// With `repair`, what can be made again is, and what is damaged is moved to `damaged/` and forgotten. For
    /// administrators.
    public enum VerifyCache: ControlMethod {
        /// The method's name.
        public static let name = "VerifyCache"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `repair`.
            public var repair: Bool?

            /// Makes the value from its fields.
            public init(repair: Bool? = nil) {
                self.repair = repair
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `blobs`.
            public var blobs: Int
            /// The field `adapters`.
            public var adapters: Int
            /// The field `bytes`.
            public var bytes: Int
            /// The field `problems`.
            public var problems: [Wire.CacheProblem]

            /// Makes the value from its fields.
            public init(blobs: Int, adapters: Int, bytes: Int, problems: [Wire.CacheProblem]) {
                self.blobs = blobs
                self.adapters = adapters
                self.bytes = bytes
                self.problems = problems
            }
        }
    }

    /// Evicts adapters, least recently used first, until the rest fits.
    ///
    /// Without `maximumBytes` and `maximumAge`, in seconds, as the configuration says. `dryRun` removes nothing and says what
    /// would go. For administrators.
    public enum EvictCache: ControlMethod {
        /// The method's name.
        public static let name = "EvictCache"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `maximumBytes`.
            public var maximumBytes: Int?
            /// The field `maximumAge`.
            public var maximumAge: Int?
            /// The field `dryRun`.
            public var dryRun: Bool?

            /// Makes the value from its fields.
            public init(maximumBytes: Int? = nil, maximumAge: Int? = nil, dryRun: Bool? = nil) {
                self.maximumBytes = maximumBytes
                self.maximumAge = maximumAge
                self.dryRun = dryRun
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `evicted`.
            public var evicted: [String]
            /// The field `bytes`.
            public var bytes: Int
            /// The field `kept`.
            public var kept: Int
            /// The field `keptBytes`.
            public var keptBytes: Int

            /// Makes the value from its fields.
            public init(evicted: [String], bytes: Int, kept: Int, keptBytes: Int) {
                self.evicted = evicted
                self.bytes = bytes
                self.kept = kept
                self.keptBytes = keptBytes
            }
        }
    }
}

extension Wire {
    /// Something in the cache that is not as it should be.
    ///
    /// `finding` continues `path`; `repaired` says that it was mended or moved aside, `remedy` what is left to do.
    public struct CacheProblem: Codable, Sendable, Hashable {
        /// The field `subject`.
        public var subject: String
        /// The field `fault`.
        public var fault: String
        /// The field `path`.
        public var path: String
        /// The field `finding`.
        public var finding: String
        /// The field `repaired`.
        public var repaired: Bool?
        /// The field `remedy`.
        public var remedy: String

        /// Makes the value from its fields.
        public init(
            subject: String, fault: String, path: String, finding: String, repaired: Bool? = nil,
            remedy: String
        ) {
            self.subject = subject
            self.fault = fault
            self.path = path
            self.finding = finding
            self.repaired = repaired
            self.remedy = remedy
        }
    }
}
