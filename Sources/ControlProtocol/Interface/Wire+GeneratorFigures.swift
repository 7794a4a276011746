extension Wire {
    /// How a generator did beside weighted merging (K = 4, temperature 0.05, plain) on left-out experts.
    ///
    /// `judgedBy` is recall (mean recall@1 on `tasks` tasks, more is better; `base` is the base model's) or
    /// parameters (squared error, less is better).
    public struct GeneratorVerdict: Codable, Sendable, Hashable {
        /// The field `judgedBy`.
        public var judgedBy: String
        /// The field `tasks`.
        public var tasks: Int
        /// The field `sgLora`.
        public var sgLora: Double
        /// The field `weighted`.
        public var weighted: Double
        /// The field `base`.
        public var base: Double?

        /// Makes the value from its fields.
        public init(judgedBy: String, tasks: Int, sgLora: Double, weighted: Double, base: Double? = nil) {
            self.judgedBy = judgedBy
            self.tasks = tasks
            self.sgLora = sgLora
            self.weighted = weighted
            self.base = base
        }
    }

    /// What a generator learned from the experts' own tasks: how many kinds it tells apart, by how many tasks,
    /// and their loss.
    public struct GeneratorSteering: Codable, Sendable, Hashable {
        /// The field `modes`.
        public var modes: Int
        /// The field `tasks`.
        public var tasks: Int
        /// The field `loss`.
        public var loss: Double

        /// Makes the value from its fields.
        public init(modes: Int, tasks: Int, loss: Double) {
            self.modes = modes
            self.tasks = tasks
            self.loss = loss
        }
    }
}
