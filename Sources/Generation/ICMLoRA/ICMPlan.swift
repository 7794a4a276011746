public import ErrorModel
public import SemanticGuidance

/// The hyperparameters of training an ``ICMLoRAGenerator``.
public struct ICMPlan: Sendable, Hashable, Codable {
    /// The seed of all random numbers of the training.
    public var seed: UInt64 = 0
    /// The number of optimiser steps; each step sees one checkpoint of every expert.
    public var steps = 600
    /// The maximum number of principal directions, k.
    public var directions = 128
    /// The dimension of the latent z.
    public var latent = 32
    /// The width of the hidden layers.
    public var width = 256
    /// β: the weight of the divergence in the loss.
    public var beta: Float = 0.005
    /// The learning rate at its peak.
    public var learningRate: Float = 1e-3
    /// The weight decay of AdamW.
    public var weightDecay: Float = 1e-2
    /// The standard deviation of the Gaussian noise that is added to standardised task vectors in training.
    public var jitter: Float = 0.1
    /// The smallest and the largest number of examples that a task vector is made of in training.
    public var fewestExamples = 4
    public var mostExamples = 32
    /// How the experts of the merge μ*_t are chosen and weighted, by the proximity of task vectors.
    public var guidance = GuidanceOptions.standard
    /// Ablation: whether z is always 0.
    public var withoutLatent = false
    /// Ablation: whether each expert is given another expert's examples.
    public var shuffled = false

    /// Creates the default plan.
    public init() {}

    /// Checks that every number is in its range.
    ///
    /// - Throws: `invalidRequest` naming the field.
    public func validate() throws(SgloradError) {
        func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws(SgloradError) {
            guard range.contains(value) else {
                throw .invalidRequest(
                    field: field,
                    reason: "is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check("steps", steps, 1...100_000)
        try check("directions", directions, 1...512)
        try check("latent", latent, 1...512)
        try check("width", width, 1...4_096)
        try check("mostExamples", mostExamples, 1...1_024)
        try check("fewestExamples", fewestExamples, 1...max(1, mostExamples))
    }

    /// How many examples a task vector is made of in training.
    var counts: ClosedRange<Int> { fewestExamples...max(fewestExamples, mostExamples) }
}
