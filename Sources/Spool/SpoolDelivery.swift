internal import ErrorModel
internal import Executors
internal import Files

/// Writes results into the spool, a batch at a time.
///
/// A result is recorded as delivered only once its file is durable. After a crash in between it is written again, with the
/// same content under the same name.
///
/// Users take turns within a sweep, so that one user's many results do not hold up another's.
struct SpoolDelivery: Sendable {
    /// How many results are written between two commits.
    private static let batch = 128
    /// How many of one user's results are written in one turn.
    private static let turn = 32

    let folder: SpoolFolder
    let backend: any SpoolBackend
    let pool: ComputePool

    /// The outcome of some batches.
    struct Outcome: Sendable {
        /// How many results were written.
        var delivered = 0
        /// The users who cannot read their results.
        var unreadable: Set<UserID> = []
        /// Why a result could not be written; the first such failure.
        ///
        /// That result stays undelivered.
        var failure: SgloradError?

        static func += (total: inout Outcome, part: Outcome) {
            total.delivered += part.delivered
            total.unreadable.formUnion(part.unreadable)
            total.failure = total.failure ?? part.failure
        }
    }

    /// How far a delivery of everything has come.
    struct Sweep: Sendable {
        fileprivate var hasBegun = false
        /// The users who may have more results, in the order of their turns, and the last result tried of each.
        fileprivate var line: [(owner: UserID, sequence: Int)] = []
        /// What has happened so far.
        var outcome = Outcome()
        /// Whether every result has been tried.
        var isComplete: Bool { hasBegun && line.isEmpty }
    }

    /// Writes every undelivered result; one that cannot be written does not block the others.
    ///
    /// - Throws: `storageFailure` if the backend fails.
    func deliver() async throws(SgloradError) -> Outcome {
        var sweep = Sweep()
        while !sweep.isComplete { sweep = try await step(sweep) }
        return sweep.outcome
    }

    /// Writes the next batch.
    ///
    /// - Throws: `storageFailure` if the backend fails.
    func step(_ sweep: Sweep) async throws(SgloradError) -> Sweep {
        var sweep = sweep
        if !sweep.hasBegun {
            sweep.line = try await backend.owedUsers().map { ($0, 0) }
            sweep.hasBegun = true
        }
        var results: [UndeliveredResult] = []
        while results.count < Self.batch, !sweep.line.isEmpty {
            let (owner, sequence) = sweep.line.removeFirst()
            let next = try await backend.undelivered(for: owner, after: sequence, limit: Self.turn)
            results += next
            if let last = next.last, next.count == Self.turn { sweep.line.append((owner, last.sequence)) }
        }
        guard !results.isEmpty else { return sweep }
        let (written, outcome) = try await write(results)
        try await backend.delivered(written)
        sweep.outcome += outcome
        return sweep
    }

    private func write(
        _ results: [UndeliveredResult]
    ) async throws(SgloradError) -> (written: [UndeliveredResult], outcome: Outcome) {
        let folder = folder
        return try await pool.run { () throws(SgloradError) in
            var (staged, outcome): ([UndeliveredResult], Outcome) = ([], Outcome())
            var files = SpoolResults(folder)
            for result in results {
                do throws(SgloradError) {
                    try files.write(try result.result.fileContent(), as: result.name, for: result.owner)
                    staged.append(result)
                } catch {
                    outcome.failure = outcome.failure ?? error
                }
            }
            let failures = files.publish()
            let written = staged.enumerated().filter { failures[$0.offset] == nil }.map(\.element)
            outcome.failure = outcome.failure ?? failures.min { $0.key < $1.key }?.value
            outcome.delivered = written.count
            outcome.unreadable = files.unreadable
            return (written, outcome)
        }
    }
}
