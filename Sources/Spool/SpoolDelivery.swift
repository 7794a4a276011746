internal import ErrorModel
internal import Executors
internal import Files

/// Writes results into the spool.
///
/// A result is recorded as delivered only once its file is durable. After a crash in between it is written again, with the
/// same content under the same name.
struct SpoolDelivery: Sendable {
    /// How many results are written between two commits.
    private static let batch = 256

    let folder: SpoolFolder
    let backend: any SpoolBackend
    let pool: ComputePool

    /// The outcome of one round.
    struct Outcome: Sendable {
        /// How many results were written.
        var delivered = 0
        /// The users who cannot read their results.
        var unreadable: Set<UserID> = []
        /// Why a result could not be written; the first such failure.
        ///
        /// That result stays undelivered.
        var failure: SgloradError?
    }

    /// Writes every undelivered result; one that cannot be written does not block the others.
    ///
    /// - Throws: `storageFailure` if the backend fails, or if a whole batch could not be made durable.
    func deliver() async throws(SgloradError) -> Outcome {
        var outcome = Outcome()
        var sequence = 0
        while true {
            let results = try await backend.undelivered(after: sequence, limit: Self.batch)
            guard let last = results.last else { return outcome }
            sequence = last.sequence
            let batch = try await write(results)
            try await backend.delivered(batch.written)
            outcome.delivered += batch.written.count
            outcome.unreadable.formUnion(batch.unreadable)
            outcome.failure = outcome.failure ?? batch.failure
        }
    }

    private struct Batch: Sendable {
        var written: [UndeliveredResult] = []
        var unreadable: Set<UserID> = []
        var failure: SgloradError?
    }

    private func write(_ results: [UndeliveredResult]) async throws(SgloradError) -> Batch {
        let folder = folder
        return try await pool.run { () throws(SgloradError) in
            var batch = Batch()
            var files = SpoolResults(folder)
            for result in results {
                do throws(SgloradError) {
                    try files.write(try result.result.fileContent(), as: result.name, for: result.owner)
                    batch.written.append(result)
                } catch {
                    batch.failure = batch.failure ?? error
                }
            }
            try files.synchronise()
            batch.unreadable = files.unreadable
            return batch
        }
    }
}
