internal import LinearAlgebra

/// A two-level percentile bootstrap: tasks are resampled with replacement, and the queries within each.
///
/// Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile intervals).
/// All methods share the resamples, so that differences between methods are paired.
struct Bootstrap {
    /// The observed mean of every column.
    let means: [Double]
    /// The resampled means, `[resamples][columns]`.
    private let resampled: [[Double]]

    /// Draws the resamples.
    ///
    /// - Parameters:
    ///   - tasks: for each task one row per query, each of `columns` values.
    ///   - random: the source of the resamples.
    init(tasks: [[[Float]]], columns: Int, resamples: Int, random: CounterRandom) {
        var random = random
        let flat = tasks.map { $0.flatMap(\.self) }
        means = (0..<columns).map { column in
            let sum = tasks.reduce(0.0) { sum, queries in
                sum + queries.reduce(0.0) { $0 + Double($1[column]) } / Double(max(1, queries.count))
            }
            return sum / Double(max(1, tasks.count))
        }
        var rows: [[Double]] = []
        var sums = [Float](repeating: 0, count: columns)
        for _ in 0..<(tasks.isEmpty ? 0 : resamples) {
            var row = [Double](repeating: 0, count: columns)
            for _ in tasks.indices {
                let task = random.below(tasks.count)
                let count = tasks[task].count
                for column in 0..<columns { sums[column] = 0 }
                flat[task].withUnsafeBufferPointer { figures in
                    for _ in 0..<count {
                        let start = random.below(count) * columns
                        for column in 0..<columns { sums[column] += figures[start + column] }
                    }
                }
                for column in 0..<columns { row[column] += Double(sums[column]) / Double(max(1, count)) }
            }
            rows.append(row.map { $0 / Double(tasks.count) })
        }
        resampled = rows
    }

    /// The mean of a column with its 95 % interval.
    func estimate(_ column: Int) -> EvaluationReport.Estimate {
        interval(means[column], resampled.map { $0[column] })
    }

    /// The mean of one column minus another, paired, with its 95 % interval.
    func difference(_ column: Int, _ other: Int) -> EvaluationReport.Estimate {
        interval(means[column] - means[other], resampled.map { $0[column] - $0[other] })
    }

    /// A figure that is made of the means of all columns, with its 95 % interval.
    ///
    /// - Parameter figure: makes it; nil for means that it cannot be made of. Such resamples are left out of the interval.
    /// - Returns: nil if it cannot be made of the observed means.
    func estimate(_ figure: ([Double]) -> Double?) -> EvaluationReport.Estimate? {
        figure(means).map { interval($0, resampled.compactMap(figure)) }
    }

    private func interval(_ mean: Double, _ values: [Double]) -> EvaluationReport.Estimate {
        let sorted = values.sorted()
        return EvaluationReport.Estimate(
            mean: mean, lower: Self.percentile(sorted, 0.025) ?? mean,
            upper: Self.percentile(sorted, 0.975) ?? mean)
    }

    /// A percentile of sorted values, linearly interpolated; nil if there are none.
    static func percentile(_ sorted: [Double], _ share: Double) -> Double? {
        guard let last = sorted.indices.last else { return nil }
        let place = share * Double(last)
        let below = Int(place)
        let above = min(below + 1, last)
        return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
    }
}
