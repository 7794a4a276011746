/// The result of an evaluation.
///
/// It contains no times but those of ``ExampleCurve/Point/seconds`` and ``MethodCost``, so the same library, generator, tasks,
/// options and seed give the same report.
public struct EvaluationReport: Sendable, Hashable, Codable {
    /// The base model's name.
    public var base: String
    /// The generator's id; nil if there was none.
    public var generator: String?
    /// The digest of the library.
    public var library: String
    /// The digest of the text encoder.
    public var encoder: String
    /// The seed of samples and bootstrap resamples.
    public var seed: UInt64
    /// The number of bootstrap resamples that the intervals are computed from.
    public var resamples: Int
    /// `engine` where an ``AnsweringModel`` answered the queries; nil where texts were ranked.
    public var judgedBy: String?
    /// The parts that were judged: held-out, then leave-out.
    public var parts: [Part]
    /// What examples of the tasks are worth, for each part; nil if no task had any.
    public var examples: [ExampleCurve]?
    /// What was not judged, and why.
    public var notes: [String]
    /// Experts and tasks in the plane of the first two principal components of their embeddings.
    public var map: [MapPoint]
    /// How the generator of lora-gen mixes its pool: for all tasks, then for each family; nil if none serves.
    public var routing: [RoutingMap]?
    /// What an adapter costs by each method, in the order of the methods; nil unless it was asked for.
    public var costs: [MethodCost]?

    /// A mean with its 95 % confidence interval.
    public struct Estimate: Sendable, Hashable, Codable {
        /// The mean over tasks.
        public var mean: Double
        /// The lower bound of the interval.
        public var lower: Double
        /// The upper bound of the interval.
        public var upper: Double
    }

    /// One method over a group of tasks.
    public struct Method: Sendable, Hashable, Codable {
        /// The method's name.
        public var method: String
        public var recallAt1: Estimate
        public var recallAt5: Estimate
        public var meanReciprocalRank: Estimate
        /// Recall@1 minus that of `weighted`, paired; nil for `weighted` itself, or if it was not judged.
        public var againstWeighted: Estimate?
        /// Recall@1 minus that of `base`, paired; nil for `base` itself, or if it was not judged.
        public var againstBase: Estimate?
    }

    /// A group of tasks over which means are taken.
    public struct Group: Sendable, Hashable, Codable {
        /// The family; nil for all tasks of the part.
        public var family: String?
        /// The number of tasks.
        public var tasks: Int
        /// The number of queries of all tasks.
        public var queries: Int
        /// The methods, in the same order throughout the report.
        public var methods: [Method]
    }

    /// One method on one task.
    public struct TaskFigures: Sendable, Hashable, Codable {
        /// The method's name.
        public var method: String
        public var recallAt1: Double
        public var recallAt5: Double
        public var meanReciprocalRank: Double
    }

    /// One task.
    public struct Task: Sendable, Hashable, Codable {
        public var name: String
        public var description: String
        /// The family; empty if there is none.
        public var family: String
        /// The number of queries.
        public var queries: Int
        /// The number of texts in the pool.
        public var pool: Int
        /// The nearest of the experts that may guide.
        public var nearest: String
        /// That expert's plain proximity.
        public var proximity: Double
        /// The results of the methods that have an adapter for the task.
        public var figures: [TaskFigures]
    }

    /// One part of the evaluation.
    public struct Part: Sendable, Hashable, Codable {
        /// `held-out`: the whole library guides; `leave-out`: the fold of the task's expert is left out.
        public var name: String
        /// All tasks, then each family if there are several.
        public var groups: [Group]
        /// The tasks, in the order of the input.
        public var tasks: [Task]
    }

    /// The description of an expert or a task as a point in the plane.
    public struct MapPoint: Sendable, Hashable, Codable {
        /// The name of the expert or the task.
        public var name: String
        /// `expert` or `task`.
        public var kind: String
        /// The family of the task of this name; empty if there is none.
        public var family: String
        /// The coordinate along the first principal component.
        public var x: Double
        /// The coordinate along the second principal component.
        public var y: Double
    }
}
