public import LowRank

/// What a generator was made from and how it turned out; kept in its file and in its row.
public struct GeneratorRecord: Sendable, Hashable, Codable {
    /// An expert of the snapshot that the generator is bound to.
    public struct Expert: Sendable, Hashable, Codable {
        /// The expert's name.
        public var name: String
        /// The digest of what was imported.
        public var digest: String

        /// Makes the entry.
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
    /// The plan that was followed.
    public var plan: TrainingPlan
    /// k as it came out: no more than the plan's, nor than the checkpoints span.
    public var directions: Int
    /// The share of the checkpoints' variance that the directions keep, 0...1.
    public var explained: Double
    /// The size of one network unit in parameters.
    public var unit: Float
    /// The reconstruction part of the loss, a mean over the last tenth of the steps.
    public var reconstruction: Float
    /// The divergence part, likewise.
    public var divergence: Float

    /// The plain cosine under which an intent is refused, calibrated by the library's own folds.
    public var threshold: Float
    /// How much of the network's correction is applied, 0...1: what left-out experts bore out.
    public var correctionShare: Float
    /// What the steering's training left behind; nil where there were no tasks to train it by.
    public var steering: Steering?
    /// How the generator did on experts that it had not seen; nil where nobody looked.
    public var verdict: GeneratorVerdict?

    /// The part of a steering that is not in its tensors.
    public struct Steering: Sendable, Hashable, Codable {
        /// The mode of each expert, in the order of `experts`.
        public var modes: [Int]
        /// How many tasks it was trained by.
        public var tasks: Int
        /// The task loss, a mean over the last quarter of the steps.
        public var loss: Float
    }

    /// The loss at the end: reconstruction + λ·divergence.
    public var loss: Float { reconstruction + plan.lambda * divergence }
}
