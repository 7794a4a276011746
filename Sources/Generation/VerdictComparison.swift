/// How two systems compare on the left-out experts that both were judged on, expert by expert.
struct VerdictComparison: Sendable, Hashable {
    /// The mean of the first system's result minus the second's.
    let mean: Double
    /// Half the width of its 95 % interval: 1.96 standard errors of the mean of the paired differences.
    let halfWidth: Double

    /// Compares two verdicts.
    ///
    /// - Returns: nil if fewer than two experts have a result in both.
    init?(_ one: GeneratorVerdict, against other: GeneratorVerdict) {
        guard let own = one.results, let others = other.results else { return nil }
        // In the order of the names, so that sums are the same in every run.
        let differences = own.keys.sorted().compactMap { name in
            others[name].map { (own[name] ?? 0) - $0 }
        }
        let count = Double(differences.count)
        guard count >= 2 else { return nil }
        let mean = differences.reduce(0, +) / count
        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = mean
        halfWidth = 1.96 * (squares / (count - 1) / count).squareRoot()
    }

    /// Whether the first system is better by more than chance explains.
    var isClear: Bool { mean > halfWidth }
}
