internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache
internal import IntentQueue

/// Writes results into the spool: the file first, then the queue's word that it is no longer owed.
struct SpoolDelivery: Sendable {
    /// How many results are written between two commits.
    private static let batch = 256

    let folder: SpoolFolder
    let queue: IntentQueue
    let cache: ExpertCache
    let pool: ComputePool

    /// What came of a round.
    struct Outcome: Sendable {
        /// How many results were written.
        var delivered = 0
        /// The users who cannot read theirs.
        var unreadable: Set<Int> = []
        /// Why one could not be written; it is still owed.
        var failure: SgloradError?
    }

    /// Writes every result that is owed.
    ///
    /// One that cannot be written does not hold up the others.
    func deliver() async throws(SgloradError) -> Outcome {
        var outcome = Outcome()
        var place = 0
        while true {
            let owed = try await queue.owed(after: place, limit: Self.batch)
            guard let last = owed.last else { return outcome }
            place = last.sequence
            var drafts: [Draft] = []
            for result in owed { drafts.append(try await draft(result)) }
            let part = try await write(drafts)
            try await queue.delivered(part.written)
            outcome.delivered += part.written.count
            outcome.unreadable.formUnion(part.unreadable)
            outcome.failure = outcome.failure ?? part.failure
        }
    }

    private struct Draft: Sendable {
        let owed: OwedResult
        let name: String
        let bytes: [UInt8]
    }

    private func draft(_ owed: OwedResult) async throws(SgloradError) -> Draft {
        let request = owed.request
        var result = SpoolResult(
            state: SpoolResult.State(request.state), requestId: request.id, label: request.label,
            submittedAt: WireJSON.time(request.submittedAt),
            finishedAt: request.finishedAt.map(WireJSON.time))
        if let failure = request.failure {
            result.failure = SpoolResult.Failure(try WireJSON.decode(SgloradError.self, failure))
        }
        if let id = request.adapter {
            if let adapter = try await cache.adapter(id) {
                result.adapter = try Wire.Adapter(adapter, in: cache)
            } else {
                result.failure = SpoolResult.Failure(
                    .notFound("adapter", id, remedy: "It has been removed since; drop the intent anew."))
            }
        }
        return Draft(owed: owed, name: request.spoolName ?? request.id + ".json", bytes: try result.bytes())
    }

    private struct Part: Sendable {
        var written: [OwedResult] = []
        var unreadable: Set<Int> = []
        var failure: SgloradError?
    }

    private func write(_ drafts: [Draft]) async throws(SgloradError) -> Part {
        let folder = folder
        return try await pool.run { () throws(SgloradError) in
            var part = Part()
            var results = SpoolResults(folder)
            for draft in drafts {
                do throws(SgloradError) {
                    try results.write(draft.bytes, as: draft.name, for: draft.owed.request.uid)
                    part.written.append(draft.owed)
                } catch {
                    part.failure = error
                }
            }
            try results.synchronise()
            part.unreadable = results.unreadable
            return part
        }
    }
}

extension SpoolResult.State {
    fileprivate init(_ state: RequestState) {
        self =
            switch state {
            case .done: .done
            case .refused: .refused
            case .cancelled: .cancelled
            case .failed, .queued, .running: .failed
            }
    }
}
