public import ErrorModel
internal import Files
internal import Foundation
internal import GRDB
internal import Storage

/// What workers call: take a request, report progress, finish it. How a request is requeued is in
/// `RequestQueue+LeaseExpiry.swift`.
extension RequestQueue {
    /// Takes the next queued request, which is then running under a lease.
    ///
    /// `UserTurnOrder` says which is next. A request that has used up its attempts, or whose intent cannot be read, becomes
    /// `failed`, and the one after it is taken.
    ///
    /// - Returns: nil where nothing is queued.
    public func take() async throws(SgloradError) -> TakenRequest? {
        try await expireLeases()
        while true {
            let token = Lease.newToken()
            let (attempts, retains, moment) = (options.attempts, retainsTexts, time.now)
            let next = try await database.write { db in
                try Self.startNext(db, token: token, attempts: attempts, retaining: retains, at: moment)
            }
            // The write succeeded, so the database works again.
            watchers.resume()
            guard let next else { return nil }
            guard let intent = next.intent else {
                announceTransition(next.request)
                continue
            }
            let lease = Lease(request: next.request.id, token: token)
            let request = leases.grant(lease, next.request, at: time.uptime)
            watchers.announce(request)
            return TakenRequest(request: request, intent: intent, lease: lease)
        }
    }

    /// Starts the next request, or makes it `failed`; a failed one is returned without an intent.
    private static func startNext(
        _ db: Database, token: String, attempts: Int, retaining: Bool, at moment: ServiceTime.Moment
    ) throws -> (request: QueuedRequest, intent: QueuedIntent?)? {
        guard let sequence = try UserTurnOrder.next(db),
            var record = try RequestRecord.fetchOne(db, key: sequence)
        else { return nil }
        try record.start(db, token: token)
        let intent = record.intent
        if record.attempts > attempts {
            try record.finish(
                db, as: .failed, failure: .attemptsExhausted(attempts), at: moment, retainingText: retaining)
        } else if intent == nil {
            // A damaged text is useless, but parts of it may still be readable: it is not retained.
            try record.finish(
                db, as: .failed, failure: .unreadableIntent, at: moment, retainingText: false)
        }
        return (QueuedRequest(record), record.state == .running ? intent : nil)
    }

    /// Waits until something may be queued, or the task is cancelled.
    public func waitForWork() async {
        let key = UUID()
        await withTaskCancellationHandler {
            let seen = idleWorkers.wakeCount
            let isQueued = try? await database.read { db in
                try !RequestRecord.filter(RequestRecord.isQueued).isEmpty(db)
            }
            if isQueued != false || idleWorkers.wakeCount != seen { return }
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume() } else { idleWorkers.park(key, continuation) }
            }
        } onCancel: {
            Task { await self.stopWaiting(key) }
        }
    }

    private func stopWaiting(_ key: UUID) { idleWorkers.unpark(key) }

    /// Reports the stage of a running request, and extends its lease.
    ///
    /// - Returns: whether to carry on.
    @discardableResult
    public func report(_ stage: RequestStage, _ lease: Lease) -> LeaseStanding {
        guard let request = leases.renew(lease, stage: stage, at: time.uptime) else { return .lost }
        watchers.announce(request)
        return request.isCancelRequested ? .cancelRequested : .held
    }

    /// Makes a running request final and erases its text.
    ///
    /// - Parameters:
    ///   - lease: the worker's.
    ///   - state: a final state; `done` needs an adapter, and no other may have one.
    ///   - adapter: the identifier of the published adapter.
    ///   - failure: why it was refused or failed.
    /// - Returns: false where the lease was lost; nothing has changed then.
    @discardableResult
    public func finish(
        _ lease: Lease, as state: RequestState, adapter: String? = nil, failure: SgloradError? = nil
    ) async throws(SgloradError) -> Bool {
        precondition(state.isFinal, "a request cannot end as \(state)")
        return try await end(lease) { db, record, moment, retains in
            try record.finish(
                db, as: state, adapter: adapter, failure: failure, at: moment, retainingText: retains)
        }
    }

    /// Ends a lease: takes its request out of `running` by a transition of the record, and announces that.
    ///
    /// - Returns: false where the lease was lost; nothing has changed then.
    func end(
        _ lease: Lease,
        by transition:
            @escaping @Sendable (Database, inout RequestRecord, ServiceTime.Moment, _ retains: Bool) throws ->
            Void
    ) async throws(SgloradError) -> Bool {
        let (moment, retains) = (time.now, retainsTexts)
        let ended = try await database.write { db -> QueuedRequest? in
            guard var record = try RequestRecord.held(by: lease, in: db) else { return nil }
            try transition(db, &record, moment, retains)
            return QueuedRequest(record)
        }
        guard let ended else { return false }
        leases.release(lease)
        announceTransition(ended)
        return true
    }

    /// Finishes requests that an earlier run left running, before workers begin.
    ///
    /// Call it after the queue was opened, which has requeued them.
    ///
    /// A request whose adapter was published before the request was made final becomes `done`; one whose
    /// cancellation was requested becomes `cancelled`; one that has used up its attempts becomes `failed`.
    ///
    /// - Parameter published: the adapter of a request, if there is one.
    public func recover(
        published: @Sendable (String) async throws(SgloradError) -> String?
    ) async throws(SgloradError) {
        typealias Columns = RequestRecord.Columns
        let begun = try await database.read { db in
            try RequestRecord.filter(
                RequestRecord.isQueued && (Columns.attempts > 0 || Columns.isCancelRequested == true)
            ).fetchAll(db).map(QueuedRequest.init)
        }
        for request in begun {
            if let adapter = try await published(request.id) {
                try await conclude(request.id, .done, adapter: adapter)
            } else if request.isCancelRequested {
                try await conclude(request.id, .cancelled)
            } else if request.attempts >= options.attempts {
                try await conclude(request.id, .failed, failure: .attemptsExhausted(options.attempts))
            }
        }
    }

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
