/// The strategy that `auto` resolves to, and the reason.
public struct AutoStrategy: Sendable, Hashable {
    /// The strategy of a trained system, or `weighted`.
    public let strategy: AdapterStrategy
    /// The reason, for the adapter's provenance.
    public let reason: String

    /// Chooses among the serving generators and `weighted`.
    ///
    /// Of the generators judged by recall on left-out experts, the one that gains most over `weighted` is taken, but none that
    /// does not beat its control, and without examples none that needs them. A system gives way to a later one of
    /// ``GeneratorSystem`` only if that is better by more than chance explains, expert by expert. If there is none, `sg-lora` is
    /// taken unless its record shows it behind `weighted`.
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
                    && (hasExamples || !record.system.needsExamples)
                    ? (record: record, verdict: verdict) : nil
            }
        }
        // Of equals the first: the systems' own order.
        let best = candidates.dropFirst().reduce(candidates.first) { best, other in
            if let best, !Self.isBetter(other.verdict, than: best.verdict) { best } else { other }
        }
        let guided = ordered.first { $0.system == .sgLoRA && $0.verdict?.isPreferred ?? true }
        let chosen = best?.record ?? guided
        strategy = chosen?.system.strategy ?? .weighted
        let told = (chosen.map { [$0] } ?? []) + ordered.filter { $0.system != chosen?.system }
        reason = told.map { record in
            let isClose = candidates.contains { $0.record.system == record.system }
            return Self.sentence(record, hasExamples: hasExamples)
                + (isClose ? Self.doubt(record.verdict, besides: best?.verdict) : "")
        }
        .joined(separator: "; ")
    }

    /// Whether a system takes the place of another: it gains more, and where both have results of the same experts, clearly.
    private static func isBetter(_ other: GeneratorVerdict, than best: GeneratorVerdict) -> Bool {
        guard other.margin > best.margin else { return false }
        return VerdictComparison(other, against: best)?.isClear ?? true
    }

    /// Why a system that gains more than the chosen one is not chosen; empty for one that gains less.
    private static func doubt(_ verdict: GeneratorVerdict?, besides best: GeneratorVerdict?) -> String {
        guard let verdict, let best, verdict.margin > best.margin,
            let comparison = VerdictComparison(verdict, against: best), !comparison.isClear
        else { return "" }
        // Clamped, as a file from elsewhere may hold any numbers.
        func points(_ value: Double) -> String {
            let tenths = Int((min(1, max(-1, value)) * 1000).rounded())
            return "\(tenths < 0 ? "-" : "+")\(abs(tenths) / 10).\(abs(tenths) % 10)"
        }
        let (lower, upper) = (comparison.mean - comparison.halfWidth, comparison.mean + comparison.halfWidth)
        return
            ", which may be chance: \(points(comparison.mean)) points, 95 % between \(points(lower)) and \(points(upper))"
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
