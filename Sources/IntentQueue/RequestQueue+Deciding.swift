public import ErrorModel
internal import Files
internal import GRDB
public import Privacy
internal import Storage

/// What a request's owner and administrators can do with it: cancel, retry, forget.
extension RequestQueue {
    /// Cancels a request.
    ///
    /// A queued one is `cancelled` at once. A running one is marked, and its worker ends it at its next stage; if it was
    /// already being published it ends as `done`. A final one stays as it is.
    ///
    /// - Returns: the request as it is now; nil where there is none.
    public func cancel(_ id: String) async throws(SgloradError) -> QueuedRequest? {
        let (moment, retains) = (time.now, retainsTexts)
        let cancelled = try await database.writeFreeing { db -> (request: QueuedRequest, token: String?)? in
            guard var record = try RequestRecord.find(id, in: db), !record.state.isFinal else { return nil }
            try record.cancel(db, at: moment, retainingText: retains)
            return (QueuedRequest(record), record.lease)
        }
        if let cancelled {
            if let token = cancelled.token {
                leases.requestCancellation(Lease(request: id, token: token))
            } else {
                announceTransition(cancelled.request)
            }
        }
        return try await request(id)
    }

    /// Requeues a request that was refused, failed or cancelled, in its old place and with all its attempts.
    ///
    /// - Parameters:
    ///   - id: the request's identifier.
    ///   - text: the intent's text, needed if it has been erased. The options are still stored.
    ///   - material: the intent's examples and labels, needed if it had some and they have been erased.
    ///   - obstacle: the error to throw instead of requeueing, such as a disk share that is used up; nil for none.
    /// - Returns: the request; nil where there is none.
    /// - Throws: `invalidRequest` for a request that is open or done, `invalidIntent` where the text has been erased and none
    ///   is given, or is still kept and another is given; the obstacle; `busy` where there is no room.
    public func retry(
        _ id: String, text: PrivateText? = nil, material: TaskMaterial? = nil, obstacle: SgloradError? = nil
    ) async throws(SgloradError) -> QueuedRequest? {
        let queueOptions = options
        let retried = try await database.write { db -> QueuedRequest? in
            guard var record = try RequestRecord.find(id, in: db) else { return nil }
            guard record.state.isFinal, record.state != .done else {
                throw SgloradError.invalidRequest(
                    field: "requestId",
                    reason:
                        "names a request that is \(record.state.rawValue); only one that was refused, failed or "
                        + "cancelled can be retried")
            }
            let retained = StoredText.text(try RetainedText.fetchOne(db, key: id)?.text)
            let options = record.intentOptions ?? IntentOptions(seed: .random(in: 0..<1 << 53))
            let intent = QueuedIntent(
                text: try Self.text(given: text, retained: retained), options: options,
                material: try Self.material(
                    given: material, retained: try MaterialRecord.find(id, in: db), counts: options.material))
            if let obstacle { throw obstacle }
            var room = QueueRoom(db, queueOptions)
            try room.reserve(for: record.account, withMaterial: intent.material != nil)
            try record.reopen(db, with: intent)
            return QueuedRequest(record)
        }
        guard let retried else { return nil }
        announceTransition(retried)
        return retried
    }

    private static func text(given: PrivateText?, retained: PrivateText?) throws -> PrivateText {
        if let retained {
            guard given == nil || given == retained else {
                throw SgloradError.invalidIntent(
                    field: "text",
                    reason: "differs from the request's. Submit a new request for a new intent")
            }
            return retained
        }
        guard let given else {
            throw SgloradError.invalidIntent(
                field: "text",
                reason:
                    "was erased when the request ended, as privacy.retainIntents says. Give the text again, or submit a "
                    + "new request")
        }
        return given
    }

    /// The material of a request that is retried.
    ///
    /// - Parameters:
    ///   - given: what the caller gives; nil for nothing.
    ///   - retained: what is still kept.
    ///   - counts: how much the intent had; nil for nothing.
    private static func material(
        given: TaskMaterial?, retained: TaskMaterial?, counts: IntentOptions.MaterialCounts?
    ) throws -> TaskMaterial? {
        let given = given.flatMap { $0.isEmpty ? nil : $0 }
        if let retained {
            guard given == nil || given == retained else {
                throw SgloradError.invalidIntent(
                    field: "examples",
                    reason: "differ from the request's. Submit a new request for other examples or labels")
            }
            return retained
        }
        try requireAsMany("examples", given?.examples.count, had: counts?.examples)
        try requireAsMany("labels", given?.labels.count, had: counts?.labels)
        return given
    }

    /// Refuses a retry that does not bring as many examples or labels as the request had.
    private static func requireAsMany(_ field: String, _ given: Int?, had: Int?) throws {
        let (given, had) = (given ?? 0, had ?? 0)
        guard given == had else {
            throw SgloradError.invalidIntent(
                field: field,
                reason:
                    "are \(given), but the request had \(had), which were erased when it ended. Give them again, or submit "
                    + "a new request")
        }
    }

    /// Erases requests for good: text, label, idempotency key and the row itself.
    ///
    /// Nothing of them is in any file when this returns, the write-ahead log included.
    ///
    /// - Parameters:
    ///   - ids: the requests' identifiers.
    ///   - evenOpen: whether open requests are erased too: a restored backup can bring them back.
    /// - Returns: the identifiers of those that existed and were erased.
    @discardableResult
    public func forget(_ ids: [String], evenOpen: Bool = false) async throws(SgloradError) -> [String] {
        let gone = try await database.writeFreeing { db in
            try ids.filter { id in
                let named = RequestRecord.filter(RequestRecord.Columns.id == id)
                return try (evenOpen ? named : named.filter(RequestRecord.isFinal)).deleteAll(db) > 0
            }
        }
        if !gone.isEmpty { try await truncateLog() }
        return gone
    }
}
