extension Methods {
    /// Train a generator on the base's library, in a child process of low priority.
    ///
    /// With `more`, progress comes in replies of its own. The earlier generator serves until the new one is
    /// complete. A client that goes away calls the training off.
    public enum TrainGenerator: ControlMethod {
        /// The method's name.
        public static let name = "TrainGenerator"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `base`.
            public var base: String?
            /// The field `options`.
            public var options: Wire.TrainingOptions?
            /// The field `tasks`.
            public var tasks: [Wire.EvaluationTask]?

            /// Makes the value from its fields.
            public init(
                base: String? = nil, options: Wire.TrainingOptions? = nil,
                tasks: [Wire.EvaluationTask]? = nil
            ) {
                self.base = base
                self.options = options
                self.tasks = tasks
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `progress`.
            public var progress: Wire.TrainingProgress?
            /// The field `generator`.
            public var generator: Wire.Generator?

            /// Makes the value from its fields.
            public init(progress: Wire.TrainingProgress? = nil, generator: Wire.Generator? = nil) {
                self.progress = progress
                self.generator = generator
            }
        }
    }

    /// Call off the training that is going on for a base; `cancelled` is false where there is none.
    public enum CancelTraining: ControlMethod {
        /// The method's name.
        public static let name = "CancelTraining"

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
            /// The field `cancelled`.
            public var cancelled: Bool

            /// Makes the value from its fields.
            public init(cancelled: Bool) {
                self.cancelled = cancelled
            }
        }
    }

    /// The generators of one base, or of all, newest first.
    public enum ListGenerators: ControlMethod {
        /// The method's name.
        public static let name = "ListGenerators"

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
            /// The field `generators`.
            public var generators: [Wire.Generator]

            /// Makes the value from its fields.
            public init(generators: [Wire.Generator]) {
                self.generators = generators
            }
        }
    }

    /// One generator.
    public enum GetGenerator: ControlMethod {
        /// The method's name.
        public static let name = "GetGenerator"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `generatorId`.
            public var generatorId: String

            /// Makes the value from its fields.
            public init(generatorId: String) {
                self.generatorId = generatorId
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `generator`.
            public var generator: Wire.Generator

            /// Makes the value from its fields.
            public init(generator: Wire.Generator) {
                self.generator = generator
            }
        }
    }

    /// The bytes of a generator's file, in order; `more` is needed.
    ///
    /// The last reply has `last`.
    public enum ExportGenerator: ControlMethod {
        /// The method's name.
        public static let name = "ExportGenerator"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `generatorId`.
            public var generatorId: String

            /// Makes the value from its fields.
            public init(generatorId: String) {
                self.generatorId = generatorId
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `offset`.
            public var offset: Int
            /// The field `chunk`.
            public var chunk: String
            /// The field `last`.
            public var last: Bool?

            /// Makes the value from its fields.
            public init(offset: Int, chunk: String, last: Bool? = nil) {
                self.offset = offset
                self.chunk = chunk
                self.last = last
            }
        }
    }

    /// Import a generator's file that was uploaded.
    ///
    /// It serves where its base, experts and text encoder are those of this box.
    public enum ImportGenerator: ControlMethod {
        /// The method's name.
        public static let name = "ImportGenerator"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `digest`.
            public var digest: String

            /// Makes the value from its fields.
            public init(digest: String) {
                self.digest = digest
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {
            /// The field `generator`.
            public var generator: Wire.Generator
            /// The field `unchanged`.
            public var unchanged: Bool?

            /// Makes the value from its fields.
            public init(generator: Wire.Generator, unchanged: Bool? = nil) {
                self.generator = generator
                self.unchanged = unchanged
            }
        }
    }

    /// Removes a generator and its file.
    ///
    /// The next newest one that is not disabled serves then.
    public enum RemoveGenerator: ControlMethod {
        /// The method's name.
        public static let name = "RemoveGenerator"

        /// What a call holds.
        public struct Parameters: Codable, Sendable {
            /// The field `generatorId`.
            public var generatorId: String

            /// Makes the value from its fields.
            public init(generatorId: String) {
                self.generatorId = generatorId
            }
        }

        /// What a reply holds.
        public struct Reply: Codable, Sendable {

            /// Makes the value; there are no fields.
            public init() {}
        }
    }
}
