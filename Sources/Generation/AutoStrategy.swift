/// What `auto` comes to, and why.
public struct AutoStrategy: Sendable, Hashable {
    /// `sg-lora` or `weighted`.
    public let strategy: AdapterStrategy
    /// The reason, for the provenance.
    public let reason: String

    /// Chooses: `sg-lora` unless the generator's record shows it behind `weighted`, or there is no generator.
    public init(_ record: GeneratorRecord?) {
        guard let record else {
            strategy = .weighted
            reason = "there is no generator that may be used"
            return
        }
        guard let verdict = record.verdict else {
            strategy = .sgLoRA
            reason = "nothing was measured that speaks against sg-lora"
            return
        }
        strategy = verdict.prefersSGLoRA ? .sgLoRA : .weighted
        reason =
            (verdict.prefersSGLoRA ? "sg-lora is not behind weighted" : "sg-lora is behind weighted")
            + " on left-out experts: \(verdict.figures)"
    }
}
