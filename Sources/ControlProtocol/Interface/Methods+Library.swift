extension Methods {
    /// Add a base model whose layout is that of an adapter (adapter_config.json and
    /// adapter_model.safetensors, uploaded).
    public enum AddBase: ControlMethod {
        /// The method's name.
        public static let name = "AddBase"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `name`.
            public var name: String
            /// The field `files`.
            public var files: [Wire.UploadedFile]

            /// Makes the value from its fields.
            public init(name: String, files: [Wire.UploadedFile]) {
                self.name = name
                self.files = files
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `base`.
            public var base: Wire.Base

            /// Makes the value from its fields.
            public init(base: Wire.Base) {
                self.base = base
            }
        }
    }

    /// All base models, by name.
    public enum ListBases: ControlMethod {
        /// The method's name.
        public static let name = "ListBases"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {

            /// Makes the value; there are no fields.
            public init() {}
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `bases`.
            public var bases: [Wire.Base]

            /// Makes the value from its fields.
            public init(bases: [Wire.Base]) {
                self.bases = bases
            }
        }
    }

    /// Send a file in chunks of at most 8 MiB (before base64).
    ///
    /// The first call leaves `upload` out and learns it from the reply; `last` completes the file and gives
    /// its digest. An upload belongs to its connection and ends with it; a complete file is kept for the uid
    /// until it is used, or for an hour.
    public enum UploadFile: ControlMethod {
        /// The method's name.
        public static let name = "UploadFile"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `upload`.
            public var upload: String?
            /// The field `chunk`.
            public var chunk: String
            /// The field `last`.
            public var last: Bool?

            /// Makes the value from its fields.
            public init(upload: String? = nil, chunk: String, last: Bool? = nil) {
                self.upload = upload
                self.chunk = chunk
                self.last = last
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `upload`.
            public var upload: String
            /// The field `received`.
            public var received: Int
            /// The field `digest`.
            public var digest: String?

            /// Makes the value from its fields.
            public init(upload: String, received: Int, digest: String? = nil) {
                self.upload = upload
                self.received = received
                self.digest = digest
            }
        }
    }

    /// Import an expert from uploaded files: adapter_config.json, adapter_model.safetensors, and those of
    /// checkpoint-N folders.
    ///
    /// The first import also creates its base, named by `base` or by the configuration's
    /// base_model_name_or_path. Importing the same expert again changes nothing and succeeds (`unchanged`).
    /// An expert of a higher rank than the library raises the library to it (`raisedRank`), which disables
    /// the generators.
    public enum ImportExpert: ControlMethod {
        /// The method's name.
        public static let name = "ImportExpert"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `name`.
            public var name: String
            /// The field `description`.
            public var description: String
            /// The field `base`.
            public var base: String?
            /// The field `files`.
            public var files: [Wire.UploadedFile]

            /// Makes the value from its fields.
            public init(name: String, description: String, base: String? = nil, files: [Wire.UploadedFile]) {
                self.name = name
                self.description = description
                self.base = base
                self.files = files
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `expert`.
            public var expert: Wire.Expert
            /// The field `baseCreated`.
            public var baseCreated: Bool?
            /// The field `unchanged`.
            public var unchanged: Bool?
            /// The field `raisedRank`.
            public var raisedRank: Int?

            /// Makes the value from its fields.
            public init(
                expert: Wire.Expert, baseCreated: Bool? = nil, unchanged: Bool? = nil, raisedRank: Int? = nil
            ) {
                self.expert = expert
                self.baseCreated = baseCreated
                self.unchanged = unchanged
                self.raisedRank = raisedRank
            }
        }
    }

    /// The experts of one base, or of all, by name.
    public enum ListExperts: ControlMethod {
        /// The method's name.
        public static let name = "ListExperts"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `base`.
            public var base: String?

            /// Makes the value from its fields.
            public init(base: String? = nil) {
                self.base = base
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `experts`.
            public var experts: [Wire.Expert]

            /// Makes the value from its fields.
            public init(experts: [Wire.Expert]) {
                self.experts = experts
            }
        }
    }

    /// One expert, its checkpoints' names, the norm of its mean and the mean standard deviation over its
    /// checkpoints, how far it is from the library's gauge reference (0: its own space; 1: nothing in
    /// common), and the generators that were trained on it.
    public enum GetExpert: ControlMethod {
        /// The method's name.
        public static let name = "GetExpert"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `name`.
            public var name: String
            /// The field `base`.
            public var base: String?

            /// Makes the value from its fields.
            public init(name: String, base: String? = nil) {
                self.name = name
                self.base = base
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `expert`.
            public var expert: Wire.Expert
            /// The field `checkpointNames`.
            public var checkpointNames: [String]
            /// The field `meanNorm`.
            public var meanNorm: Double
            /// The field `deviation`.
            public var deviation: Double
            /// The field `alignment`.
            public var alignment: Double
            /// The field `generators`.
            public var generators: [String]

            /// Makes the value from its fields.
            public init(
                expert: Wire.Expert, checkpointNames: [String], meanNorm: Double, deviation: Double,
                alignment: Double, generators: [String]
            ) {
                self.expert = expert
                self.checkpointNames = checkpointNames
                self.meanNorm = meanNorm
                self.deviation = deviation
                self.alignment = alignment
                self.generators = generators
            }
        }
    }

    /// Remove an expert from the library.
    ///
    /// Every generator trained on it is disabled until it is trained anew. With `derived`, published adapters
    /// that it guided are removed too.
    public enum RemoveExpert: ControlMethod {
        /// The method's name.
        public static let name = "RemoveExpert"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `name`.
            public var name: String
            /// The field `base`.
            public var base: String?
            /// The field `derived`.
            public var derived: Bool?

            /// Makes the value from its fields.
            public init(name: String, base: String? = nil, derived: Bool? = nil) {
                self.name = name
                self.base = base
                self.derived = derived
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `expert`.
            public var expert: Wire.Expert
            /// The field `disabledGenerators`.
            public var disabledGenerators: [String]
            /// The field `removedAdapters`.
            public var removedAdapters: [String]

            /// Makes the value from its fields.
            public init(expert: Wire.Expert, disabledGenerators: [String], removedAdapters: [String]) {
                self.expert = expert
                self.disabledGenerators = disabledGenerators
                self.removedAdapters = removedAdapters
            }
        }
    }
}
