extension Wire {
    /// A mean over tasks with the ends of its 95 % interval, from a bootstrap over tasks and their queries.
    public struct Estimate: Codable, Sendable, Hashable {
        /// The field `mean`.
        public var mean: Double
        /// The field `lower`.
        public var lower: Double
        /// The field `upper`.
        public var upper: Double

        /// Makes the value from its fields.
        public init(mean: Double, lower: Double, upper: Double) {
            self.mean = mean
            self.lower = lower
            self.upper = upper
        }
    }

    /// One method over a group of tasks.
    ///
    /// `againstWeighted` and `againstBase` are paired differences of recall@1.
    public struct EvaluatedMethod: Codable, Sendable, Hashable {
        /// The field `method`.
        public var method: String
        /// The field `recallAt1`.
        public var recallAt1: Wire.Estimate
        /// The field `recallAt5`.
        public var recallAt5: Wire.Estimate
        /// The field `meanReciprocalRank`.
        public var meanReciprocalRank: Wire.Estimate
        /// The field `againstWeighted`.
        public var againstWeighted: Wire.Estimate?
        /// The field `againstBase`.
        public var againstBase: Wire.Estimate?

        /// Makes the value from its fields.
        public init(
            method: String, recallAt1: Wire.Estimate, recallAt5: Wire.Estimate,
            meanReciprocalRank: Wire.Estimate, againstWeighted: Wire.Estimate? = nil,
            againstBase: Wire.Estimate? = nil
        ) {
            self.method = method
            self.recallAt1 = recallAt1
            self.recallAt5 = recallAt5
            self.meanReciprocalRank = meanReciprocalRank
            self.againstWeighted = againstWeighted
            self.againstBase = againstBase
        }
    }

    /// Tasks whose means are taken together; without `family` all of the part.
    public struct EvaluationGroup: Codable, Sendable, Hashable {
        /// The field `family`.
        public var family: String?
        /// The field `tasks`.
        public var tasks: Int
        /// The field `queries`.
        public var queries: Int
        /// The field `methods`.
        public var methods: [Wire.EvaluatedMethod]

        /// Makes the value from its fields.
        public init(family: String? = nil, tasks: Int, queries: Int, methods: [Wire.EvaluatedMethod]) {
            self.family = family
            self.tasks = tasks
            self.queries = queries
            self.methods = methods
        }
    }

    /// One method on one task.
    public struct EvaluationFigures: Codable, Sendable, Hashable {
        /// The field `method`.
        public var method: String
        /// The field `recallAt1`.
        public var recallAt1: Double
        /// The field `recallAt5`.
        public var recallAt5: Double
        /// The field `meanReciprocalRank`.
        public var meanReciprocalRank: Double

        /// Makes the value from its fields.
        public init(method: String, recallAt1: Double, recallAt5: Double, meanReciprocalRank: Double) {
            self.method = method
            self.recallAt1 = recallAt1
            self.recallAt5 = recallAt5
            self.meanReciprocalRank = meanReciprocalRank
        }
    }
}
