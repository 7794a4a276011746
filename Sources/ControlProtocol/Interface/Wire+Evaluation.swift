extension Wire {
    /// A query of a task: the text, and the place of its right answer in the pool.
    public struct EvaluationQuery: Codable, Sendable, Hashable {
        /// The field `text`.
        public var text: String
        /// The field `answer`.
        public var answer: Int

        /// Makes the value from its fields.
        public init(text: String, answer: Int) {
            self.text = text
            self.answer = answer
        }
    }

    /// A retrieval task that adapters are judged by.
    ///
    /// `split` is expert (an expert of the same name was trained on it) or heldout; without it the names of
    /// the experts decide. `family` groups tasks for means. At most 1,024 tasks, each with at most 4,096
    /// texts and 4,096 queries of at most 32,768 bytes.
    public struct EvaluationTask: Codable, Sendable, Hashable {
        /// The field `name`.
        public var name: String
        /// The field `description`.
        public var description: String
        /// The field `split`.
        public var split: String?
        /// The field `family`.
        public var family: String?
        /// The field `pool`.
        public var pool: [String]
        /// The field `queries`.
        public var queries: [Wire.EvaluationQuery]

        /// Makes the value from its fields.
        public init(
            name: String, description: String, split: String? = nil, family: String? = nil, pool: [String],
            queries: [Wire.EvaluationQuery]
        ) {
            self.name = name
            self.description = description
            self.split = split
            self.family = family
            self.pool = pool
            self.queries = queries
        }
    }

    /// Where an evaluation stands.
    ///
    /// `stage` is preparing, training (`done` and `total` count steps) or evaluating (they count texts).
    public struct EvaluationProgress: Codable, Sendable, Hashable {
        /// The field `stage`.
        public var stage: String
        /// The field `done`.
        public var done: Int
        /// The field `total`.
        public var total: Int
        /// The field `secondsLeft`.
        public var secondsLeft: Double?

        /// Makes the value from its fields.
        public init(stage: String, done: Int, total: Int, secondsLeft: Double? = nil) {
            self.stage = stage
            self.done = done
            self.total = total
            self.secondsLeft = secondsLeft
        }
    }
}
