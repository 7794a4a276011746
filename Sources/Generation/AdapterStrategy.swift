public import ErrorModel
public import SemanticGuidance

/// How an adapter is made from the library; raw values are the names in the protocol.
public enum AdapterStrategy: String, Sendable, Hashable, Codable, CaseIterable {
    /// The trained generator that does best on left-out experts, or `weighted`; see ``AutoStrategy``.
    case auto
    /// A sample around the semantic prior; needs a trained ``SemanticGuidedGenerator``.
    case sgLoRA = "sg-lora"
    /// One adapter learned from all tasks; needs a trained ``TaskTrainedGenerator`` of ``GeneratorSystem/multiTask``.
    case multiTask = "multi-task"
    /// Shared cores with seeds made of the description; needs a ``TaskTrainedGenerator`` of ``GeneratorSystem/metaLoRA``.
    case metaLoRA = "metalora"
    /// Two experts of a pool in each layer, chosen by the description; needs a ``TaskTrainedGenerator`` of
    /// ``GeneratorSystem/loRAGen``.
    case loRAGen = "lora-gen"
    /// The merge by the task vector of the intent's examples, corrected by a decoder of that vector; needs an
    /// ``ICMLoRAGenerator``.
    case icmLoRA = "icm-lora"
    /// μ*, the weighted mean of the K nearest experts: ``WeightedGenerator``.
    case weighted
    /// The weighted mean of the experts nearest to the intent's examples instead of its text: ``WeightedGenerator`` too.
    case weightedExamples = "weighted-examples"
    /// The mean of the nearest expert's checkpoints: ``NearestGenerator``.
    case nearest
    /// The mean of the whole library, whatever the intent: ``MeanGenerator``.
    case mean
}

extension AdapterStrategy {
    /// Whether the strategy has nothing to go by without examples of the task.
    public var needsExamples: Bool { self == .weightedExamples || self == .icmLoRA }
}

/// One way to make an adapter's parameters.
///
/// Generators are pure: they read no clock, no global random source and no file, and the same arguments give
/// the same parameters, bit for bit.
public protocol AdapterGenerator: Sendable {
    /// Makes the parameters of an adapter.
    ///
    /// - Parameters:
    ///   - neighbourhood: the experts that guide; its indices refer to `library`.
    ///   - library: the experts' parameters.
    ///   - seed: the seed of all random numbers; deterministic generators ignore it.
    /// - Returns: `library.layout.parameterCount` values, in the layout's order.
    func parameters(
        guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts, seed: UInt64
    ) throws(SgloradError) -> [Float]

    /// Makes the parameters of an adapter for a task, beside the experts that guide.
    ///
    /// By default neither its description nor its examples are read.
    func parameters(
        for condition: TaskCondition, guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts,
        seed: UInt64
    ) throws(SgloradError) -> [Float]
}

extension AdapterGenerator {
    public func parameters(
        for condition: TaskCondition, guidedBy neighbourhood: Neighbourhood, in library: any GuidingExperts,
        seed: UInt64
    ) throws(SgloradError) -> [Float] {
        try parameters(guidedBy: neighbourhood, in: library, seed: seed)
    }
}
