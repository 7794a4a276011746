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
    /// k: the number of principal directions, at most the plan's limit and the rank of the checkpoints' span; this, the next
    /// four and ``correctionShare`` are 0 for a system that is trained by the tasks' loss.
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
    /// What a system learned from that is trained by the tasks' loss or by their examples; nil for `sg-lora`.
    public var learned: Learned?

    /// The part of a steering that is not stored as tensors.
    public struct Steering: Sendable, Hashable, Codable {
        /// The mode of each expert, in the order of `experts`.
        public var modes: [Int]
        /// The number of tasks it was trained on.
        public var tasks: Int
        /// The task loss, averaged over the last quarter of the steps.
        public var loss: Float
    }

    /// What a system learned from that is trained by the tasks' loss, or by the tasks' examples.
    public struct Learned: Sendable, Hashable, Codable {
        /// On how many tasks it was trained.
        public var tasks: Int
        /// The digest of their texts, which are not kept.
        public var digest: String
        /// The tasks' loss, averaged over the last quarter of the steps; of `icm-lora` reconstruction + β·divergence.
        public var loss: Float
        /// The number of components of a text's embedding.
        public var dimension: Int
    }

    /// Which system it is; a record that names none is `sg-lora`'s.
    public var system: GeneratorSystem { plan.system }

    /// The final loss: that of ``learned``, or reconstruction + λ·divergence.
    public var loss: Float { learned?.loss ?? reconstruction + plan.lambda * divergence }
}

extension GeneratorRecord {
    /// The record of a system that is trained by the tasks' loss.
    init(
        base: String, layout: AdapterLayout, encoder: String, experts: [Expert], plan: TrainingPlan,
        threshold: Float, learned: Learned
    ) {
        self.init(
            base: base, layout: layout, encoder: encoder, experts: experts, plan: plan, directions: 0,
            explained: 0, unit: 0, reconstruction: 0, divergence: 0, threshold: threshold,
            correctionShare: 0, learned: learned)
    }
}
