public import ErrorModel
internal import Files
internal import Foundation
internal import GRDB
internal import Storage

/// What workers call: take a request, report progress, finish it. How a request is requeued is in
/// `RequestQueue+LeaseExpiry.swift`, and what the start finishes in `RequestQueue+Recovering.swift`.
extension RequestQueue {
    /// Takes the next queued request, which is then running under a lease; nil where nothing is queued.
    ///
    /// See ``take(upTo:sharedBy:in:)``.
    public func take(in lane: QueueLane = .direct) async throws(SgloradError) -> TakenRequest? {
        try await take(upTo: 1, sharedBy: 1, in: lane).first
    }

    /// Takes the next queued requests in one commit; each is then running under a lease of its own.
    ///
    /// `UserTurnOrder` says which are next. A request that has used up its attempts, or whose intent cannot be read, becomes
    /// `failed`, and the one after it is taken.
    ///
    /// The commit does not wait for the disk: after a power cut the requests are queued as if they had not been taken. Only
    /// where the queue may hold requests that were begun before does it wait, so that a request which brings the machine down
    /// uses up its attempts: the first may go uncounted, no other does.
    ///
    /// - Parameters:
    ///   - most: how many at most.
    ///   - workers: how many workers share what is queued: a worker takes no more than its share, so that no request waits for
    ///     another while a worker is idle.
    ///   - lane: the workers' lane.
    /// - Returns: at least one, unless nothing is queued.
    public func take(
        upTo most: Int, sharedBy workers: Int, in lane: QueueLane = .direct
    ) async throws(SgloradError) -> [TakenRequest] {
        try await expireLeases()
        while true {
            let (attempts, retains, moment) = (options.attempts, retainsTexts, time.now)
            let (isDurable, last, requeued) = (mayHoldBegun, lastOfEarlierRuns, requeues)
            let body = { @Sendable (db: Database) throws -> (next: [Started], holdsBegun: Bool) in
                let share = try most == 1 ? 1 : Self.share(db, upTo: most, of: workers, in: lane)
                var next: [Started] = []
                while next.count < share,
                    let started = try Self.startNext(
                        db, in: lane, token: Lease.newToken(), attempts: attempts, retaining: retains,
                        at: moment)
                {
                    next.append(started)
                }
                return (next, try isDurable && Self.holdsBegun(db, upTo: last))
            }
            let (next, holdsBegun) =
                isDurable ? try await database.write(body) : try await database.writeDeferred(body)
            // The write succeeded, so the database works again.
            watchers.resume()
            if isDurable, !holdsBegun, requeues == requeued { mayHoldBegun = false }
            guard !next.isEmpty else { return [] }
            let taken = next.compactMap(begin)
            if !taken.isEmpty { return taken }
        }
    }

    /// A request that was taken from the queue; without an intent where it failed at once.
    private struct Started: Sendable {
        let request: QueuedRequest
        let intent: QueuedIntent?
        let token: String
    }

    /// Announces a request that was started, and grants its lease; nil where it failed at once.
    private func begin(_ started: Started) -> TakenRequest? {
        guard let intent = started.intent else {
            announceTransition(started.request)
            return nil
        }
        let lease = Lease(request: started.request.id, token: started.token)
        let request = leases.grant(lease, started.request, at: time.uptime)
        watchers.announce(request)
        return TakenRequest(request: request, intent: intent, lease: lease)
    }

    /// One worker's share of what is queued, rounded up.
    private static func share(
        _ db: Database, upTo most: Int, of workers: Int, in lane: QueueLane
    ) throws -> Int {
        // No more is counted than all workers take together.
        let waiting = try db.cachedStatement(
            sql: "SELECT count(*) FROM (SELECT 1 FROM request WHERE state = 'queued' AND lane = ? LIMIT ?)")
        let queued = try Int.fetchOne(waiting, arguments: [lane.rawValue, most * workers]) ?? 0
        return max(1, min(most, (queued + workers - 1) / workers))
    }

    /// Whether a request is queued that an earlier run may have begun, or that was begun and requeued.
    private static func holdsBegun(_ db: Database, upTo last: Int) throws -> Bool {
        typealias Columns = RequestRecord.Columns
        return try !RequestRecord.filter(
            RequestRecord.isQueued && (Columns.attempts > 0 || Columns.sequence <= last)
        ).isEmpty(db)
    }

    /// Starts the next request, or makes it `failed`; a failed one is returned without an intent.
    private static func startNext(
        _ db: Database, in lane: QueueLane, token: String, attempts: Int, retaining: Bool,
        at moment: ServiceTime.Moment
    ) throws -> Started? {
        guard let sequence = try UserTurnOrder.next(db, in: lane),
            var record = try RequestRecord.find(at: sequence, in: db)
        else { return nil }
        try record.start(db, token: token)
        let intent = try record.intent(db)
        if record.attempts > attempts {
            try record.finish(
                db, as: .failed, failure: .attemptsExhausted(attempts), at: moment, retainingText: retaining)
        } else if intent == nil {
            // A damaged text is useless, but parts of it may still be readable: it is not retained.
            try record.finish(
                db, as: .failed, failure: .unreadableIntent, at: moment, retainingText: false)
        }
        return Started(
            request: QueuedRequest(record), intent: record.state == .running ? intent : nil, token: token)
    }

    /// Waits until something may be queued in a lane, or the task is cancelled.
    public func waitForWork(in lane: QueueLane = .direct) async {
        let key = UUID()
        await withTaskCancellationHandler {
            let seen = idleWorkers[lane, default: IdleWorkers()].wakeCount
            let isQueued = try? await database.read { db in try RequestRecord.isAnyQueued(db, in: lane) }
            if isQueued != false || idleWorkers[lane, default: IdleWorkers()].wakeCount != seen { return }
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume()
                } else {
                    idleWorkers[lane, default: IdleWorkers()].park(key, continuation)
                }
            }
        } onCancel: {
            Task { await self.stopWaiting(key, in: lane) }
        }
    }

    private func stopWaiting(_ key: UUID, in lane: QueueLane) { idleWorkers[lane]?.unpark(key) }

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

    /// Ends several running requests in one commit, as ``finish(_:as:adapter:failure:)`` and ``requeue(_:countingAttempt:)``
    /// do; either all are recorded, or none.
    ///
    /// - Parameters:
    ///   - endings: how they end.
    ///   - isRecoverable: whether ``recover(published:)`` would end them alike after a power cut, so that the commit need not
    ///     be on the disk when this returns; see ``synchronise()``.
    /// - Returns: of each, in order, whether its lease was held; where it was lost, nothing of it has changed.
    public func end(
        _ endings: [Ending], isRecoverable: Bool = false
    ) async throws(SgloradError) -> [Bool] {
        let isDeferred = isRecoverable && endings.allSatisfy { $0.state == .done }
        return try await end(
            endings.map { ending in
                (
                    ending.lease,
                    { db, record, moment, retains in
                        if let state = ending.state {
                            try record.finish(
                                db, as: state, adapter: ending.adapter, failure: ending.failure, at: moment,
                                retainingText: retains)
                        } else {
                            try record.requeue(
                                db, countingAttempt: false, at: moment, retainingText: retains)
                        }
                    }
                )
            }, isDeferred: isDeferred)
    }

    /// Makes durable how requests have ended that were recoverable.
    ///
    /// - Throws: `storageFailure`.
    public func synchronise() async throws(SgloradError) { try await database.synchronise() }

    /// A change of a record that takes it out of `running`.
    typealias Transition =
        @Sendable (Database, inout RequestRecord, ServiceTime.Moment, _ retains: Bool) throws -> Void

    /// Ends a lease: takes its request out of `running` by a transition of the record, and announces that.
    ///
    /// - Returns: false where the lease was lost; nothing has changed then.
    func end(_ lease: Lease, by transition: @escaping Transition) async throws(SgloradError) -> Bool {
        try await end([(lease, transition)]) == [true]
    }

    /// Ends leases in one commit.
    ///
    /// - Returns: of each, in order, whether it was held.
    private func end(
        _ leases: [(lease: Lease, transition: Transition)], isDeferred: Bool = false
    ) async throws(SgloradError) -> [Bool] {
        let (moment, retains) = (time.now, retainsTexts)
        let body = { @Sendable (db: Database) throws -> [QueuedRequest?] in
            try leases.map { lease, transition in
                guard var record = try RequestRecord.held(by: lease, in: db) else { return nil }
                try transition(db, &record, moment, retains)
                return QueuedRequest(record)
            }
        }
        let ended = isDeferred ? try await database.writeDeferred(body) : try await database.write(body)
        for (request, (lease, _)) in zip(ended, leases) {
            guard let request else { continue }
            self.leases.release(lease)
            announceTransition(request)
        }
        return ended.map { $0 != nil }
    }
}

/// How a worker ends a request.
public struct Ending: Sendable {
    /// The worker's right to it.
    public let lease: Lease
    /// The final state; nil to requeue the request without counting the attempt, because the daemon stops.
    public let state: RequestState?
    /// The identifier of the published adapter; for `done` alone.
    public let adapter: String?
    /// Why it was refused or failed.
    public let failure: SgloradError?

    public init(
        _ lease: Lease, as state: RequestState?, adapter: String? = nil, failure: SgloradError? = nil
    ) {
        precondition(state?.isFinal != false, "a request cannot end as a state that is not final")
        (self.lease, self.state, self.adapter, self.failure) = (lease, state, adapter, failure)
    }
}
