/// The strategy that `auto` resolves to, and the reason.
public struct AutoStrategy: Sendable, Hashable {
    /// The strategy of a trained system, or `weighted`.
    public let strategy: AdapterStrategy
    /// The reason, for the adapter's provenance.
    public let reason: String

    /// Chooses among the serving generators and `weighted`.
    ///
    /// Of the generators judged by recall on left-out experts, the one that gains most over `weighted` is taken, but none that
    /// does not beat its control. If there is none, `sg-lora` is taken unless its record shows it behind `weighted`.
    ///
    /// - Parameter records: the records of the serving generators, at most one of each system.
    public init(_ records: [GeneratorRecord]) {
        guard !records.isEmpty else {
            strategy = .weighted
            reason = "there is no usable generator"
            return
        }
        let ordered = GeneratorSystem.allCases.compactMap { system in records.first { $0.system == system } }
        let candidates = ordered.compactMap { record in
            record.verdict.flatMap { $0.judgedBy == .recall && $0.isPreferred ? (record, $0.margin) : nil }
        }
        // Of equals the first: the systems' own order.
        let best = candidates.reduce(nil as (GeneratorRecord, Double)?) { best, other in
            if let best, best.1 >= other.1 { best } else { other }
        }
        let guided = ordered.first { $0.system == .sgLoRA && $0.verdict?.isPreferred ?? true }
        let chosen = best?.0 ?? guided
        strategy = chosen?.system.strategy ?? .weighted
        let told = (chosen.map { [$0] } ?? []) + ordered.filter { $0.system != chosen?.system }
        reason = told.map(Self.sentence).joined(separator: "; ")
    }

    /// What a record says of its generator beside `weighted`.
    private static func sentence(_ record: GeneratorRecord) -> String {
        let name = record.system == .sgLoRA ? "sg-lora" : record.system.rawValue
        guard let verdict = record.verdict else {
            return record.system == .sgLoRA
                ? "the generator was not compared with weighted" : "\(name) was not compared with weighted"
        }
        let outcome =
            switch (verdict.control == nil, verdict.isPreferred) {
            case (true, true): "is not behind weighted"
            case (true, false): "is behind weighted"
            case (false, true): "beats weighted and its control"
            case (false, false): "does not beat both weighted and its control"
            }
        return "\(name) \(outcome) on left-out experts: \(verdict.figures)"
    }
}
