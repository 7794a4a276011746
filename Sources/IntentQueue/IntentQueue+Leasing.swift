internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB

extension IntentQueue {
    /// Takes the next queued request, which is then running under a lease; nil where none waits.
    ///
    /// Of the users who wait, the one who was served the longest ago comes first, and of that user's requests the oldest. A
    /// request that was begun too often, or whose intent cannot be read any more, becomes `failed`, and the next is looked
    /// at.
    public func take() async throws(SgloradError) -> TakenRequest? {
        try await endSilentLeases()
        while true {
            let token = Lease.newToken()
            let (options, now, age) = (options, clock.wall(), age.seconds)
            let next = try await database.write { db in
                try Self.takeNext(db, token: token, options: options, now: now, age: age)
            }
            // The disk takes writes (again).
            interruption = nil
            guard let next else { return nil }
            guard let intent = next.intent else {
                ended(next.request)
                continue
            }
            var request = next.request
            if calledOffEarly.remove(request.id) != nil { request.isCalledOff = true }
            let lease = Lease(request: request.id, token: token)
            holdings[lease.request] = Holding(
                lease: lease, deadline: clock.uptime() + options.lease, request: request)
            announce(request)
            return TakenRequest(request: request, intent: intent, lease: lease)
        }
    }

    private static func takeNext(
        _ db: Database, token: String, options: QueueOptions, now: Date, age: Double
    ) throws -> (request: QueuedRequest, intent: QueuedIntent?)? {
        // The users who wait, one by one by the index, so that a long queue costs no more than a short one.
        let place = try Row.fetchOne(
            db,
            sql: """
                WITH RECURSIVE user (uid) AS (
                    SELECT min(uid) FROM request WHERE state = 'queued'
                    UNION ALL
                    SELECT (SELECT min(uid) FROM request WHERE state = 'queued' AND request.uid > user.uid)
                    FROM user WHERE user.uid IS NOT NULL
                )
                SELECT uid,
                    (SELECT min(sequence) FROM request WHERE state = 'queued' AND request.uid = user.uid) AS first,
                    coalesce((SELECT served FROM turn WHERE turn.uid = user.uid), 0) AS turn
                FROM user WHERE uid IS NOT NULL ORDER BY turn, first LIMIT 1
                """)
        guard let place else { return nil }
        try db.execute(
            sql: "INSERT OR REPLACE INTO turn (uid, served) SELECT ?, coalesce(max(served), 0) + 1 FROM turn",
            arguments: [place["uid"] as Int])
        guard
            let row = try Row.fetchOne(
                db,
                sql: """
                    UPDATE request SET state = 'running', lease = ?, attempts = attempts + 1 WHERE sequence = ?
                    RETURNING *
                    """, arguments: [token, place["first"] as Int])
        else { return nil }
        let lease = Lease(request: row["id"], token: token)
        guard row["attempts"] <= options.attempts else {
            return try end(
                db, lease, .failed, failure: .givenUp(after: options.attempts),
                keepingIntent: options.retainIntents > .zero, now: now, age: age
            ).map { ($0, nil) }
        }
        guard let intent = QueuedIntent(json: row["intent"]) else {
            // Of no use to anybody, but it may hold words.
            return try end(
                db, lease, .failed, failure: .unreadable, keepingIntent: false, now: now, age: age
            ).map { ($0, nil) }
        }
        return (QueuedRequest(row: row), intent)
    }

    /// Says what is being done with a running request, which also prolongs its lease.
    ///
    /// - Returns: whether to carry on.
    @discardableResult
    public func report(_ stage: RequestStage, _ lease: Lease) -> LeaseStanding {
        guard var holding = holdings[lease.request], holding.lease == lease else { return .lost }
        holding.deadline = clock.uptime() + options.lease
        holding.request.stage = stage
        holdings[lease.request] = holding
        announce(holding.request)
        return holding.request.isCalledOff ? .calledOff : .held
    }

    /// Makes a running request final and erases its intent.
    ///
    /// - Parameters:
    ///   - lease: the worker's right to it.
    ///   - state: a final state; `done` needs an adapter.
    ///   - adapter: what was published for it.
    ///   - failure: why it was refused or failed, as JSON.
    /// - Returns: false where the lease was lost: nothing has changed then.
    @discardableResult
    public func finish(
        _ lease: Lease, as state: RequestState, adapter: String? = nil, failure: String? = nil
    ) async throws(SgloradError) -> Bool {
        precondition(state.isFinal, "a request cannot end as \(state)")
        let (keep, now, age) = (options.retainIntents > .zero, clock.wall(), age.seconds)
        let finished = try await database.write { db in
            try Self.end(
                db, lease, state, adapter: adapter, failure: failure, keepingIntent: keep, now: now, age: age)
        }
        if let finished { ended(finished) }
        return finished != nil
    }

    /// Puts a running request back into the queue, in its old place: its worker stops before it was done.
    ///
    /// - Parameters:
    ///   - lease: the worker's right to it.
    ///   - countingAttempt: false where the request is not to blame, such as when the daemon is told to stop.
    /// - Returns: false where the lease was lost: nothing has changed then.
    @discardableResult
    public func giveBack(_ lease: Lease, countingAttempt: Bool = true) async throws(SgloradError) -> Bool {
        let less = countingAttempt ? 0 : 1
        let (keep, now, age) = (options.retainIntents > .zero, clock.wall(), age.seconds)
        let returned = try await database.write { db in
            try Self.requeue(db, lease, attemptsLess: less, keepingIntent: keep, now: now, age: age)
        }
        guard let returned else { return false }
        release(returned)
        return true
    }

    /// Gives back the requests of workers that have been silent for longer than a lease.
    func endSilentLeases() async throws(SgloradError) {
        let uptime = clock.uptime()
        let (keep, now, age) = (options.retainIntents > .zero, clock.wall(), age.seconds)
        for holding in holdings.values where holding.deadline <= uptime {
            let lease = holding.lease
            let returned = try await database.write { db in
                try Self.requeue(db, lease, attemptsLess: 0, keepingIntent: keep, now: now, age: age)
            }
            if holdings[lease.request]?.lease == lease { holdings[lease.request] = nil }
            if let returned { release(returned) }
        }
    }

    private func release(_ returned: QueuedRequest) {
        if returned.state.isFinal {
            ended(returned)
        } else {
            holdings[returned.id] = nil
            calledOffEarly.remove(returned.id)
            announce(returned)
            wake()
        }
    }

    /// A request that was called off does not wait again.
    private static func requeue(
        _ db: Database, _ lease: Lease, attemptsLess: Int, keepingIntent: Bool, now: Date, age: Double
    ) throws -> QueuedRequest? {
        let row = try Row.fetchOne(
            db, sql: "SELECT calledOff FROM request WHERE id = ? AND lease = ?",
            arguments: [lease.request, lease.token])
        guard let row else { return nil }
        if row["calledOff"] {
            return try end(db, lease, .cancelled, keepingIntent: keepingIntent, now: now, age: age)
        }
        return try Row.fetchOne(
            db,
            sql: """
                UPDATE request SET state = 'queued', lease = NULL, attempts = max(0, attempts - ?)
                WHERE id = ? AND lease = ? RETURNING *
                """, arguments: [attemptsLess, lease.request, lease.token]
        ).map(QueuedRequest.init(row:))
    }
}
