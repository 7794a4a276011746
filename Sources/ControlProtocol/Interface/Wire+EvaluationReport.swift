extension Wire {
    /// One task.
    ///
    /// `nearest` is the nearest expert that might guide, `proximity` its cosine.
    public struct EvaluatedTask: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `description`.
        public var description: String
        /// The field `family`.
        public var family: String
        /// The field `queries`.
        public var queries: Int
        /// The field `pool`.
        public var pool: Int
        /// The field `nearest`.
        public var nearest: String
        /// The field `proximity`.
        public var proximity: Double
        /// The field `figures`.
        public var figures: [Wire.EvaluationFigures]

        /// Makes the value from its fields.
        public init(
            name: String, description: String, family: String, queries: Int, pool: Int, nearest: String,
            proximity: Double, figures: [Wire.EvaluationFigures]
        ) {
            self.name = name
            self.description = description
            self.family = family
            self.queries = queries
            self.pool = pool
            self.nearest = nearest
            self.proximity = proximity
            self.figures = figures
        }
    }

    /// One part of an evaluation: held-out (the whole library guides) or leave-out (an expert's own task, guided by what its fold leaves of the library).
    public struct EvaluationPart: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `groups`.
        public var groups: [Wire.EvaluationGroup]
        /// The field `tasks`.
        public var tasks: [Wire.EvaluatedTask]

        /// Makes the value from its fields.
        public init(name: String, groups: [Wire.EvaluationGroup], tasks: [Wire.EvaluatedTask]) {
            self.name = name
            self.groups = groups
            self.tasks = tasks
        }
    }

    /// The description of an expert or a task in the plane of most variance; `kind` is expert or task.
    public struct EvaluationMapPoint: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `kind`.
        public var kind: String
        /// The field `family`.
        public var family: String
        /// The field `x`.
        public var x: Double
        /// The field `y`.
        public var y: Double

        /// Makes the value from its fields.
        public init(name: String, kind: String, family: String, x: Double, y: Double) {
            self.name = name
            self.kind = kind
            self.family = family
            self.x = x
            self.y = y
        }
    }

    /// What an evaluation found: the same for the same library, generator, tasks and seed.
    public struct EvaluationReport: Codable, Sendable, Hashable {
        /// The field `base`.
        public var base: String
        /// The field `generator`.
        public var generator: String?
        /// The field `library`.
        public var library: String
        /// The field `encoder`.
        public var encoder: String
        /// The field `seed`.
        public var seed: Int
        /// The field `resamples`.
        public var resamples: Int
        /// The field `parts`.
        public var parts: [Wire.EvaluationPart]
        /// The field `notes`.
        public var notes: [String]
        /// The field `map`.
        public var map: [Wire.EvaluationMapPoint]

        /// Makes the value from its fields.
        public init(
            base: String, generator: String? = nil, library: String, encoder: String, seed: Int,
            resamples: Int, parts: [Wire.EvaluationPart], notes: [String], map: [Wire.EvaluationMapPoint]
        ) {
            self.base = base
            self.generator = generator
            self.library = library
            self.encoder = encoder
            self.seed = seed
            self.resamples = resamples
            self.parts = parts
            self.notes = notes
            self.map = map
        }
    }
}
