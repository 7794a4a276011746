/// What an evaluation found: the same for the same library, generator, tasks and seed; it holds no time.
public struct EvaluationReport: Sendable, Hashable, Codable {
    /// The base model's name.
    public var base: String
    /// The generator's id, if there was one.
    public var generator: String?
    /// The digest of the library.
    public var library: String
    /// The digest of the text encoder.
    public var encoder: String
    /// What samples and resamples were drawn from.
    public var seed: UInt64
    /// How many bootstrap resamples the intervals come from.
    public var resamples: Int
    /// The parts that were judged: held-out, leave-out.
    public var parts: [Part]
    /// What was left out, and why.
    public var notes: [String]
    /// Experts and tasks in the plane that shows most of their descriptions' variance.
    public var map: [MapPoint]

    /// A mean with its 95 % interval.
    public struct Estimate: Sendable, Hashable, Codable {
        /// The mean over tasks.
        public var mean: Double
        /// The lower end.
        public var lower: Double
        /// The upper end.
        public var upper: Double
    }

    /// One method over a group of tasks.
    public struct Method: Sendable, Hashable, Codable {
        /// The method's name.
        public var method: String
        /// Recall@1.
        public var recallAt1: Estimate
        /// Recall@5.
        public var recallAt5: Estimate
        /// The mean reciprocal rank.
        public var meanReciprocalRank: Estimate
        /// Recall@1 less that of `weighted`, paired.
        public var againstWeighted: Estimate?
        /// Recall@1 less that of `base`, paired.
        public var againstBase: Estimate?
    }

    /// Tasks whose means are taken together.
    public struct Group: Sendable, Hashable, Codable {
        /// The family; nil for all tasks of the part.
        public var family: String?
        /// How many tasks there are.
        public var tasks: Int
        /// How many queries they have together.
        public var queries: Int
        /// The methods, in one order throughout the report.
        public var methods: [Method]
    }

    /// One method on one task.
    public struct TaskFigures: Sendable, Hashable, Codable {
        /// The method's name.
        public var method: String
        /// Recall@1.
        public var recallAt1: Double
        /// Recall@5.
        public var recallAt5: Double
        /// The mean reciprocal rank.
        public var meanReciprocalRank: Double
    }

    /// One task.
    public struct Task: Sendable, Hashable, Codable {
        /// The task's name.
        public var name: String
        /// Its description.
        public var description: String
        /// Its family.
        public var family: String
        /// How many queries it has.
        public var queries: Int
        /// How many texts its pool has.
        public var pool: Int
        /// The nearest expert that might guide.
        public var nearest: String
        /// That expert's plain proximity.
        public var proximity: Double
        /// The methods' figures.
        public var figures: [TaskFigures]
    }

    /// One part of the evaluation.
    public struct Part: Sendable, Hashable, Codable {
        /// `held-out`: the whole library guides; `leave-out`: the task's own expert's fold is left out.
        public var name: String
        /// All tasks first, then each family where there are several.
        public var groups: [Group]
        /// The tasks, in the order in which they were given.
        public var tasks: [Task]
    }

    /// An expert's or a task's description as a point.
    public struct MapPoint: Sendable, Hashable, Codable {
        /// Its name.
        public var name: String
        /// `expert` or `task`.
        public var kind: String
        /// The family, where a task says it.
        public var family: String
        /// Along the first principal component.
        public var x: Double
        /// Along the second.
        public var y: Double
    }
}
