public import LowRank

/// What a generator was trained on and the outcome; stored in the generator's file and database row.
public struct GeneratorRecord: Sendable, Hashable, Codable {
    /// An expert of the library snapshot that the generator is bound to.
    public struct Expert: Sendable, Hashable, Codable {
        public var name: String
        /// The digest of the imported files.
        public var digest: String

        /// Creates the entry.
        public init(name: String, digest: String) {
            self.name = name
            self.digest = digest
        }
    }

    /// The base model's name.
    public var base: String
    /// The layout, rank and scale of the library.
    public var layout: AdapterLayout
    /// The digest of the text encoder that embedded the descriptions.
    public var encoder: String
    /// The experts, sorted by name.
    public var experts: [Expert]
    /// The plan that the training followed.
    public var plan: TrainingPlan
    /// k: the number of principal directions, at most the plan's limit and the rank of the checkpoints' span.
    public var directions: Int
    /// The share of the checkpoints' variance that the directions keep, 0...1.
    public var explained: Double
    /// The root mean square of the training coordinates: the parameter value that the network sees as 1.
    public var unit: Float
    /// The reconstruction term of the loss, averaged over the last tenth of the steps.
    public var reconstruction: Float
    /// The divergence term of the loss, averaged over the last tenth of the steps.
    public var divergence: Float

    /// The plain cosine below which an intent is refused, calibrated on the library's own folds.
    public var threshold: Float
    /// The share of the network's correction that is applied, 0...1, estimated on left-out experts.
    public var correctionShare: Float
    /// The result of training the steering; nil if no tasks were given.
    public var steering: Steering?
    /// How the generator did on left-out experts; nil if it was not judged.
    public var verdict: GeneratorVerdict?

    /// The part of a steering that is not stored as tensors.
    public struct Steering: Sendable, Hashable, Codable {
        /// The mode of each expert, in the order of `experts`.
        public var modes: [Int]
        /// The number of tasks it was trained on.
        public var tasks: Int
        /// The task loss, averaged over the last quarter of the steps.
        public var loss: Float
    }

    /// The final loss: reconstruction + λ·divergence.
    public var loss: Float { reconstruction + plan.lambda * divergence }
}

/// How a generator compares with merging on left-out experts, on which nothing was fitted.
public struct GeneratorVerdict: Sendable, Hashable, Codable {
    /// The measure of the comparison.
    public enum Measure: String, Sendable, Hashable, Codable {
        /// Mean recall@1 on the experts' own tasks; higher is better.
        case recall
        /// The share of queries of the experts' own tasks that the base model answered right, run by another program; higher
        /// is better.
        case engine
        /// Mean squared distance from the expert's parameters, relative to the library mean's distance; lower
        /// is better.
        case parameters
    }

    /// The measure of ``sgLoRA``, ``weighted`` and ``base``.
    public var judgedBy: Measure
    /// The number of left-out experts that were judged.
    public var tasks: Int
    /// The result of `sg-lora`.
    public var sgLoRA: Double
    /// The result of `weighted` with the paper's K = 4, τ = 0.05 and plain cosine.
    public var weighted: Double
    /// The result of the base model alone; nil if judged by parameters.
    public var base: Double?

    /// Creates a verdict.
    public init(
        judgedBy: Measure, tasks: Int, sgLoRA: Double, weighted: Double, base: Double? = nil
    ) {
        self.judgedBy = judgedBy
        self.tasks = tasks
        self.sgLoRA = sgLoRA
        self.weighted = weighted
        self.base = base
    }

    /// The results of `sg-lora` and `weighted` as text.
    public var figures: String {
        switch judgedBy {
        case .recall: "recall@1 \(Self.rounded(sgLoRA)) against \(Self.rounded(weighted))"
        case .engine: "right answers \(Self.rounded(sgLoRA)) against \(Self.rounded(weighted))"
        case .parameters: "squared error \(Self.rounded(sgLoRA)) against \(Self.rounded(weighted))"
        }
    }

    /// A value with three decimals, clamped to 0...10⁶.
    private static func rounded(_ value: Double) -> String {
        let thousandths = Int((min(1e6, max(0, value)) * 1000).rounded())
        let digits = String(thousandths % 1000)
        return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// Whether `auto` may choose `sg-lora`: it is not behind `weighted`.
    public var prefersSGLoRA: Bool {
        switch judgedBy {
        case .recall, .engine: sgLoRA >= weighted
        case .parameters: sgLoRA <= weighted
        }
    }
}
