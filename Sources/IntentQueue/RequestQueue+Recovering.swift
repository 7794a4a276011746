public import ErrorModel
internal import Files
internal import GRDB
internal import Storage

/// What becomes of the requests that an earlier run had begun.
extension RequestQueue {
    /// Finishes requests that an earlier run left running, before workers begin.
    ///
    /// Call it after the queue was opened, which has requeued them.
    ///
    /// A request whose adapter was published before the request was made final becomes `done`; one whose
    /// cancellation was requested becomes `cancelled`; one that has used up its attempts becomes `failed`.
    ///
    /// - Parameter published: the adapters of some requests, as far as there are any, by request.
    public func recover(
        published: @Sendable ([String]) async throws(SgloradError) -> [String: String]
    ) async throws(SgloradError) {
        typealias Columns = RequestRecord.Columns
        var (last, isFirst) = (0, true)
        while isFirst || last > 0 {
            let after = last
            // All of them: a power cut may have undone that a request was taken, but not that its adapter was published.
            let part = try await database.read { db in
                try RequestRecord.filter(RequestRecord.isQueued && Columns.sequence > after)
                    .order(Columns.sequence).limit(Self.recoveredAtOnce).fetchAll(db)
            }
            (last, isFirst) = (part.last?.sequence ?? 0, false)
            let requests = part.map(QueuedRequest.init)
            let adapters = try await published(requests.map(\.id))
            for request in requests {
                if let adapter = adapters[request.id] {
                    try await conclude(request.id, .done, adapter: adapter)
                } else if request.isCancelRequested {
                    try await conclude(request.id, .cancelled)
                } else if request.attempts >= options.attempts {
                    try await conclude(
                        request.id, .failed, failure: .attemptsExhausted(options.attempts))
                }
            }
        }
    }

    /// How many queued requests are looked at together.
    private static let recoveredAtOnce = 250

    /// Makes a queued request final.
    private func conclude(
        _ id: String, _ state: RequestState, adapter: String? = nil, failure: SgloradError? = nil
    ) async throws(SgloradError) {
        let (moment, retains) = (time.now, retainsTexts)
        let concluded = try await database.write { db -> QueuedRequest? in
            guard var record = try RequestRecord.find(id, in: db), record.state == .queued else { return nil }
            try record.finish(
                db, as: state, adapter: adapter, failure: failure, at: moment, retainingText: retains)
            return QueuedRequest(record)
        }
        if let concluded { announceTransition(concluded) }
    }
}
