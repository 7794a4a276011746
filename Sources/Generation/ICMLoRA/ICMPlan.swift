public import ErrorModel
internal import SemanticGuidance

/// How `icm-lora` is trained, beside what ``TrainingPlan`` says for every system.
public struct ICMPlan: Sendable, Hashable, Codable {
    /// The number of steps by default.
    public static let standardSteps = 600

    /// β: the weight of the divergence in the loss, 0...1000.
    public var beta: Float = 0.005
    /// The standard deviation of the Gaussian noise that is added to standardised task vectors in training, 0...10.
    public var jitter: Float = 0.1
    /// The smallest number of examples that a task vector is made of in training, 1...``mostExamples``.
    public var fewestExamples = 4
    /// The largest number of examples that a task vector is made of in training, 1...1024.
    public var mostExamples = 32
    /// Ablation: whether each expert is given another expert's examples.
    public var shuffled = false

    /// Creates the default plan.
    public init() {}

    /// Checks that every value is in range.
    ///
    /// - Throws: `invalidRequest` naming the field that is out of range.
    public func validate() throws(SgloradError) {
        func check(_ holds: Bool, _ field: String, _ reason: String) throws(SgloradError) {
            if !holds { throw .invalidRequest(field: field, reason: reason) }
        }
        try check((0...1000).contains(beta), "beta", "is \(beta); it must be 0 to 1000")
        try check((0...10).contains(jitter), "jitter", "is \(jitter); it must be 0 to 10")
        try check(
            (1...1024).contains(mostExamples), "mostExamples", "is \(mostExamples); it must be 1 to 1024")
        try check(
            (1...max(1, mostExamples)).contains(fewestExamples), "fewestExamples",
            "is \(fewestExamples); it must be 1 to \(mostExamples)")
    }

    /// How many examples a task vector is made of in training.
    var counts: ClosedRange<Int> { fewestExamples...max(fewestExamples, mostExamples) }
}

extension TrainingPlan {
    /// Sets what differs by default for `icm-lora`: its decoder must reproduce experts, for which 64 directions are too few.
    mutating func prepareForExamples() {
        icm = ICMPlan()
        steps = ICMPlan.standardSteps
        directions = 128
        latent = 32
        width = 256
        guidance = .standard
    }
}
