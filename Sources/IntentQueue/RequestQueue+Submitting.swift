public import ErrorModel
internal import Executors
public import Files
internal import GRDB
internal import Storage

extension RequestQueue {
    /// Admits a request; durable when it returns.
    ///
    /// A submission whose idempotency key the user has used before, for the same content, is answered with the request of
    /// that time, whatever its state.
    ///
    /// - Throws: `busy` where the queue is full or the user has too many open requests, the submission's own obstacle,
    ///   `invalidIntent` for an idempotency key that was used for other content.
    @discardableResult
    public func submit(_ submission: Submission) async throws(SgloradError) -> QueuedRequest {
        guard let result = try await submit([submission]).first else {
            throw .internal("a submission has no result")
        }
        return try result.get()
    }

    /// Admits a request without an idempotency key.
    @discardableResult
    public func submit(
        _ intent: QueuedIntent, base: String, uid: UserID, label: String?
    ) async throws(SgloradError) -> QueuedRequest {
        try await submit(Submission(intent, base: base, uid: uid, label: label))
    }

    /// Admits several requests in one commit; each is admitted or rejected by itself.
    ///
    /// Workers may begin before the commit is on the disk; this returns after it. A power cut before that takes back what
    /// nobody was told of.
    ///
    /// - Returns: the result of each, in order.
    /// - Throws: `storageFailure` where none of them could be made durable; those that nobody works on yet are gone then.
    public func submit(
        _ batch: [Submission]
    ) async throws(SgloradError) -> [Result<QueuedRequest, SgloradError>] {
        let (options, moment) = (options, time.now)
        let accounts = batch.map { account(of: $0.uid) }
        let hashes = batch.map { submission in submission.key.map { keys.hashes($0, uid: submission.uid) } }
        let (before, last, results) = try await database.writeDeferred { db in
            var room = QueueRoom(db, options)
            let before = try RequestRecord.lastSequence(db)
            let results = try batch.indices.map { place -> Result<QueuedRequest, SgloradError> in
                do {
                    return .success(
                        try batch[place].admit(db, accounts[place], hashes[place], &room, at: moment))
                } catch let error as SgloradError {
                    return .failure(error)
                }
            }
            return (before, try RequestRecord.lastSequence(db), results)
        }
        // A repetition of a request that is still queued is announced again, which does no harm.
        var lanes: Set<QueueLane> = []
        for case .success(let request) in results where request.state == .queued {
            watchers.announce(request)
            lanes.insert(request.lane)
        }
        wakeWorkers(of: lanes)
        do throws(SgloradError) {
            try await database.synchronise()
        } catch {
            try? await withdraw(after: before, through: last)
            throw error
        }
        witness.record(last)
        // If a repeated request has ended already, its result is delivered again.
        if batch.contains(where: { $0.spoolName != nil }) { endings.ring() }
        return results
    }

    /// Takes back requests that could not be made durable, unless a worker has taken them.
    private func withdraw(after before: Int, through last: Int) async throws(SgloradError) {
        typealias Columns = RequestRecord.Columns
        try await database.writeFreeing { db in
            _ = try RequestRecord.filter(
                RequestRecord.isQueued && Columns.attempts == 0 && Columns.sequence > before
                    && Columns.sequence <= last
            ).deleteAll(db)
        }
    }

    /// Whether a user has used an idempotency key before, for any content.
    public func knows(_ key: IdempotencyKey, uid: UserID) async throws(SgloradError) -> Bool {
        let hash = keys.hashes(key, uid: uid).key
        return try await database.read { db in
            let requests = RequestRecord.filter(
                RequestRecord.Columns.uid == uid && RequestRecord.Columns.keyHash == hash)
            return try !requests.isEmpty(db)
        }
    }

    /// How many more open requests a user may have at present, together with the other IDs of their account.
    public func room(for uid: UserID) async throws(SgloradError) -> Int {
        let (options, account) = (options, account(of: uid))
        return try await database.read { db in
            var room = QueueRoom(db, options)
            return try room.left(for: account)
        }
    }

    /// Whether any request at all would be admitted.
    public func hasRoom() async throws(SgloradError) -> Bool {
        let options = options
        return try await database.read { db in
            var room = QueueRoom(db, options)
            return try room.isAvailable()
        }
    }
}
