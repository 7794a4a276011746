public import ErrorModel
public import SemanticGuidance

/// How a generator is trained.
public struct TrainingPlan: Sendable, Hashable, Codable {
    /// What all random numbers of the training are drawn from.
    public var seed: UInt64 = 0
    /// How many steps of the optimiser, each over all experts at once.
    public var steps = 300
    /// The most principal directions, k.
    public var directions = 64
    /// How many numbers z has.
    public var latent = 16
    /// How wide the hidden layers are.
    public var width = 128
    /// λ: the weight of KL(q‖p) in the loss.
    public var lambda: Float = 1
    /// AdamW's learning rate at its peak.
    public var learningRate: Float = 1e-3
    /// AdamW's weight decay.
    public var weightDecay: Float = 0.01
    /// How likely each expert is to be left out of a condition.
    public var dropout: Float = 0.5
    /// How likely the target's own expert is: conditions with it teach what an expert looks like, conditions without it
    /// what a new task does.
    public var ownDropout: Float = 1
    /// Whether the network has no latent: the decoder alone, for comparison.
    public var deterministic = false
    /// The most kinds of task that steering tells apart.
    public var modes = 2
    /// How many steps the steering is trained, where tasks are given.
    public var steeringSteps = 48
    /// How fast the steering's shifts are learned.
    public var steeringRate: Float = 1.5e-3
    /// How conditions are formed, in training and in generation.
    public var guidance = GuidanceOptions.broad

    /// The default plan.
    public init() {}

    /// Checks every number.
    ///
    /// - Throws: `invalidRequest` that names the one out of range.
    public func validate() throws(SgloradError) {
        func check(_ holds: Bool, _ field: String, _ reason: String) throws(SgloradError) {
            if !holds { throw .invalidRequest(field: field, reason: reason) }
        }
        try check((1...100_000).contains(steps), "steps", "is \(steps); it must be 1 to 100000")
        try check((1...512).contains(directions), "directions", "is \(directions); it must be 1 to 512")
        try check((1...256).contains(latent), "latent", "is \(latent); it must be 1 to 256")
        try check((4...2048).contains(width), "width", "is \(width); it must be 4 to 2048")
        try check((0...1000).contains(lambda), "lambda", "is \(lambda); it must be 0 to 1000")
        try check(learningRate > 0 && learningRate <= 1, "learningRate", "must be above 0 and at most 1")
        try check((0...1).contains(weightDecay), "weightDecay", "must be 0 to 1")
        try check((1...16).contains(modes), "modes", "is \(modes); it must be 1 to 16")
        try check(
            (0...10_000).contains(steeringSteps), "steeringSteps",
            "is \(steeringSteps); it must be 0 to 10000")
        try check((0...0.1).contains(steeringRate), "steeringRate", "must be 0 to 0.1")
        try check((0...1).contains(ownDropout), "ownDropout", "must be 0 to 1")
        try check(dropout >= 0 && dropout < 1, "dropout", "must be at least 0 and below 1")
    }
}
