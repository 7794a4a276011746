extension Wire {
    /// How a generator is trained; what is absent takes its default.
    public struct TrainingOptions: Codable, Sendable, Hashable {
        /// The field `seed`.
        public var seed: Int?
        /// The field `steps`.
        public var steps: Int?
        /// The field `directions`.
        public var directions: Int?
        /// The field `latent`.
        public var latent: Int?
        /// The field `width`.
        public var width: Int?
        /// The field `topK`.
        public var topK: Int?
        /// The field `temperature`.
        public var temperature: Double?
        /// The field `proximity`.
        public var proximity: String?

        /// Makes the value from its fields.
        public init(
            seed: Int? = nil, steps: Int? = nil, directions: Int? = nil, latent: Int? = nil,
            width: Int? = nil, topK: Int? = nil, temperature: Double? = nil, proximity: String? = nil
        ) {
            self.seed = seed
            self.steps = steps
            self.directions = directions
            self.latent = latent
            self.width = width
            self.topK = topK
            self.temperature = temperature
            self.proximity = proximity
        }
    }

    /// Where a training stands.
    ///
    /// `stage` is preparing, training or writing; `loss` and `secondsLeft` are known while training.
    public struct TrainingProgress: Codable, Sendable, Hashable {
        /// The field `stage`.
        public var stage: String
        /// The field `step`.
        public var step: Int
        /// The field `total`.
        public var total: Int
        /// The field `loss`.
        public var loss: Double?
        /// The field `secondsLeft`.
        public var secondsLeft: Double?

        /// Makes the value from its fields.
        public init(stage: String, step: Int, total: Int, loss: Double? = nil, secondsLeft: Double? = nil) {
            self.stage = stage
            self.step = step
            self.total = total
            self.loss = loss
            self.secondsLeft = secondsLeft
        }
    }

    /// A trained generator.
    ///
    /// `state` is current (its library is the base's), stale (experts were added since; it guides with those
    /// it knows) or disabled (an expert it was trained on was removed, or the text encoder or the library's
    /// rank is another). `note` says what else there is to know, such as which experts take no part in it.
    /// `threshold` is the plain cosine under which intents are refused; `correctionShare` says how much of
    /// the network's correction is applied.
    /// `explained` is the share of the checkpoints' variance that the principal directions keep. `loss` is
    /// the last step's, `reconstruction` and `divergence` its two parts.
    public struct Generator: Codable, Sendable, Hashable {
        /// The field `generatorId`.
        public var generatorId: String
        /// The field `base`.
        public var base: String
        /// The field `state`.
        public var state: String
        /// The field `reason`.
        public var reason: String?
        /// The field `note`.
        public var note: String?
        /// The field `experts`.
        public var experts: [String]
        /// The field `library`.
        public var library: String
        /// The field `encoder`.
        public var encoder: String
        /// The field `seed`.
        public var seed: Int
        /// The field `steps`.
        public var steps: Int
        /// The field `directions`.
        public var directions: Int
        /// The field `latent`.
        public var latent: Int
        /// The field `width`.
        public var width: Int
        /// The field `topK`.
        public var topK: Int
        /// The field `temperature`.
        public var temperature: Double
        /// The field `proximity`.
        public var proximity: String
        /// The field `explained`.
        public var explained: Double
        /// The field `loss`.
        public var loss: Double
        /// The field `reconstruction`.
        public var reconstruction: Double
        /// The field `divergence`.
        public var divergence: Double
        /// The field `threshold`.
        public var threshold: Double
        /// The field `correctionShare`.
        public var correctionShare: Double
        /// The field `steering`.
        public var steering: Wire.GeneratorSteering?
        /// The field `verdict`.
        public var verdict: Wire.GeneratorVerdict?
        /// The field `seconds`.
        public var seconds: Double
        /// The field `bytes`.
        public var bytes: Int
        /// The field `createdAt`.
        public var createdAt: String

        /// Makes the value from its fields.
        public init(
            generatorId: String, base: String, state: String, reason: String? = nil, note: String? = nil,
            experts: [String],
            library: String, encoder: String, seed: Int, steps: Int, directions: Int, latent: Int, width: Int,
            topK: Int, temperature: Double, proximity: String, explained: Double, loss: Double,
            reconstruction: Double, divergence: Double, threshold: Double, correctionShare: Double,
            steering: Wire.GeneratorSteering? = nil, verdict: Wire.GeneratorVerdict? = nil, seconds: Double,
            bytes: Int, createdAt: String
        ) {
            self.generatorId = generatorId
            self.base = base
            self.state = state
            self.reason = reason
            self.note = note
            self.experts = experts
            self.library = library
            self.encoder = encoder
            self.seed = seed
            self.steps = steps
            self.directions = directions
            self.latent = latent
            self.width = width
            self.topK = topK
            self.temperature = temperature
            self.proximity = proximity
            self.explained = explained
            self.loss = loss
            self.reconstruction = reconstruction
            self.divergence = divergence
            self.threshold = threshold
            self.correctionShare = correctionShare
            self.steering = steering
            self.verdict = verdict
            self.seconds = seconds
            self.bytes = bytes
            self.createdAt = createdAt
        }
    }
}
