public import ErrorModel
public import SemanticGuidance

/// The hyperparameters of training a generator; those of the steering are a ``SemanticGuidedGenerator``'s alone.
public struct TrainingPlan: Sendable, Hashable, Codable {
    /// The seed of all random numbers of the training.
    public var seed: UInt64 = 0
    /// The number of optimiser steps; each step sees one checkpoint of every expert.
    public var steps = 300
    /// The maximum number of principal directions, k.
    public var directions = 64
    /// The dimension of the latent z.
    public var latent = 16
    /// The width of the hidden layers.
    public var width = 128
    /// λ: the weight of KL(q‖p) in the loss.
    public var lambda: Float = 1
    /// AdamW's peak learning rate.
    public var learningRate: Float = 1e-3
    /// AdamW's decoupled weight decay.
    public var weightDecay: Float = 0.01
    /// The probability that an expert other than the target's is left out of a condition.
    public var dropout: Float = 0.5
    /// The probability that the target's own expert is left out of its condition.
    ///
    /// Conditions with it teach the network to reproduce a known expert, conditions without it to generalise
    /// to a new task.
    public var ownDropout: Float = 1
    /// Whether the network has no latent (an ablation: the decoder alone).
    public var deterministic = false
    /// The maximum number of modes (kinds of task) of the steering.
    public var modes = 2
    /// The number of steering steps, if tasks are given.
    public var steeringSteps = 48
    /// The learning rate of the steering's shifts.
    public var steeringRate: Float = 1.5e-3
    /// How neighbourhoods are chosen and weighted, in training and in generation.
    public var guidance = GuidanceOptions.broad
    /// How a system is trained by the tasks' loss; nil for other systems.
    public var taskTraining: TaskTrainingPlan?
    /// How `icm-lora` is trained; nil for other systems.
    public var icm: ICMPlan?

    /// Creates the default plan of `sg-lora`.
    public init() {}

    /// Checks that every value is in range.
    ///
    /// - Throws: `invalidRequest` naming the field that is out of range.
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
        try check(
            taskTraining == nil || icm == nil, "system",
            "is two at once: the tasks' loss trains no icm-lora; leave taskTraining or icm out")
        try taskTraining?.validate()
        try icm?.validate()
    }
}
