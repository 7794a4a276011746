/// The strategy that `auto` resolves to, and the reason.
public struct AutoStrategy: Sendable, Hashable {
    /// The strategy of a trained system, or `weighted`.
    public let strategy: AdapterStrategy
    /// The reason, for the adapter's provenance.
    public let reason: String

    /// Chooses among the serving generators and `weighted`.
    ///
    /// Of the generators judged by recall on left-out experts, the one that gains most over `weighted` is taken, but none that
    /// does not beat its control, and without examples none that needs them. If there is none, `sg-lora` is taken unless its
    /// record shows it behind `weighted`.
    ///
    /// - Parameters:
    ///   - records: the records of the serving generators, at most one of each system.
    ///   - hasExamples: whether the request brings examples of the task.
    public init(_ records: [GeneratorRecord], hasExamples: Bool = false) {
        guard !records.isEmpty else {
            strategy = .weighted
            reason = "there is no usable generator"
            return
        }
        let ordered = GeneratorSystem.allCases.compactMap { system in records.first { $0.system == system } }
        let candidates = ordered.compactMap { record in
            record.verdict.flatMap { verdict in
                verdict.judgedBy == .recall && verdict.isPreferred
                    && (hasExamples || !record.system.needsExamples) ? (record, verdict.margin) : nil
            }
        }
        // Of equals the first: the systems' own order.
        let best = candidates.reduce(nil as (GeneratorRecord, Double)?) { best, other in
            if let best, best.1 >= other.1 { best } else { other }
        }
        let guided = ordered.first { $0.system == .sgLoRA && $0.verdict?.isPreferred ?? true }
        let chosen = best?.0 ?? guided
        strategy = chosen?.system.strategy ?? .weighted
        let told = (chosen.map { [$0] } ?? []) + ordered.filter { $0.system != chosen?.system }
        reason = told.map { Self.sentence($0, hasExamples: hasExamples) }.joined(separator: "; ")
    }

    /// What a record says of its generator beside `weighted`.
    private static func sentence(_ record: GeneratorRecord, hasExamples: Bool) -> String {
        let name = record.system.rawValue
        if record.system.needsExamples, !hasExamples { return "\(name) needs examples of the task" }
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
        let given = record.system.needsExamples ? ", given examples of them" : ""
        return "\(name) \(outcome) on left-out experts\(given): \(verdict.figures)"
    }
}
