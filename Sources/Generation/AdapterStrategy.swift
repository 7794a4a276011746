public import ErrorModel
public import SemanticGuidance

/// How an adapter is made from the library; raw values are the names in the protocol.
public enum AdapterStrategy: String, Sendable, Hashable, Codable, CaseIterable {
    /// `sg-lora`, unless there is no generator or it is behind `weighted`; see ``AutoStrategy``.
    case auto
    /// A sample around the semantic prior; needs a trained ``SemanticGuidedGenerator``.
    case sgLoRA = "sg-lora"
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
    public var needsExamples: Bool { self == .weightedExamples }
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
}

/// The strategy that `auto` resolves to, and the reason.
public struct AutoStrategy: Sendable, Hashable {
    /// `sg-lora` or `weighted`.
    public let strategy: AdapterStrategy
    /// The reason, for the adapter's provenance.
    public let reason: String

    /// Chooses `sg-lora`, unless there is no generator or its record shows it behind `weighted`.
    ///
    /// - Parameter record: the record of the serving generator; nil if there is none.
    public init(_ record: GeneratorRecord?) {
        guard let record else {
            strategy = .weighted
            reason = "there is no usable generator"
            return
        }
        guard let verdict = record.verdict else {
            strategy = .sgLoRA
            reason = "the generator was not compared with weighted"
            return
        }
        strategy = verdict.prefersSGLoRA ? .sgLoRA : .weighted
        reason =
            (verdict.prefersSGLoRA ? "sg-lora is not behind weighted" : "sg-lora is behind weighted")
            + " on left-out experts: \(verdict.figures)"
    }
}
