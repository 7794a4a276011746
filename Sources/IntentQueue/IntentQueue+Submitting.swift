internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB
internal import Privacy

extension IntentQueue {
    /// Accepts a request; durable when it returns.
    ///
    /// A submission whose idempotency key the user has used before, with the same content, is answered with the request
    /// that it made then, whatever has become of it.
    ///
    /// - Throws: `busy` where the queue is full or the user has too many open requests, the submission's own obstacle,
    ///   `invalidIntent` for an idempotency key that stands for another content.
    @discardableResult
    public func submit(_ submission: Submission) async throws(SgloradError) -> QueuedRequest {
        guard let result = try await submit([submission]).first else {
            throw .internal("a submission was answered with nothing")
        }
        return try result.get()
    }

    /// Accepts a request without an idempotency key.
    @discardableResult
    public func submit(
        _ intent: QueuedIntent, base: String, uid: Int, label: String?
    ) async throws(SgloradError) -> QueuedRequest {
        try await submit(Submission(intent, base: base, uid: uid, label: label))
    }

    /// Accepts several requests in one commit; each is accepted or refused for itself.
    ///
    /// - Returns: what became of each, in order.
    /// - Throws: `storageFailure` where none of them could be made durable.
    public func submit(
        _ batch: [Submission]
    ) async throws(SgloradError) -> [Result<QueuedRequest, SgloradError>] {
        let (options, now, age) = (options, clock.wall(), age.seconds)
        let hashes = batch.map { submission in submission.key.map { keys.hashes($0, uid: submission.uid) } }
        let results = try await database.write { db in
            var room = QueueRoom(db, options)
            return try zip(batch, hashes).map { submission, hashes -> Result<QueuedRequest, SgloradError> in
                do {
                    return .success(
                        try Self.accept(submission, hashes, db, &room, now: now, age: age))
                } catch let error as SgloradError {
                    return .failure(error)
                }
            }
        }
        // A repetition of one that still waits is told of again, which does no harm.
        for case .success(let request) in results where request.state == .queued { announce(request) }
        wake()
        // A repetition of what has ended is owed its result once more.
        if batch.contains(where: { $0.spoolName != nil }) { endings.ring() }
        return results
    }

    /// Whether a user has used an idempotency key before, for whatever content.
    public func knows(_ key: IdempotencyKey, uid: Int) async throws(SgloradError) -> Bool {
        let hash = keys.hashes(key, uid: uid).key
        return try await database.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM request WHERE uid = ? AND keyHash = ?)",
                arguments: [uid, hash]) ?? false
        }
    }

    /// How many more open requests a user may have at the moment.
    public func room(for uid: Int) async throws(SgloradError) -> Int {
        let options = options
        return try await database.read { db in
            var room = QueueRoom(db, options)
            return try room.left(uid)
        }
    }

    /// Whether there is room for any request at all.
    public func hasRoom() async throws(SgloradError) -> Bool {
        let capacity = options.capacity
        return try await database.read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM request WHERE finishedAt IS NULL") ?? 0 < capacity
        }
    }

    private static func accept(
        _ submission: Submission, _ hashes: IdempotencyKeys.Hashes?, _ db: Database, _ room: inout QueueRoom,
        now: Date, age: Double
    ) throws -> QueuedRequest {
        if let key = submission.key, !(1...IdempotencyKey.limit).contains(key.key.utf8.count) {
            throw SgloradError.invalidIntent(
                field: "idempotencyKey",
                reason: "has \(key.key.utf8.count) bytes; it must have 1 to \(IdempotencyKey.limit)")
        }
        if let hashes, let earlier = try replayed(submission, hashes, db) { return earlier }
        if let obstacle = submission.obstacle { throw obstacle }
        try room.take(submission.uid)
        var options = submission.intent
        options.text = ""
        guard
            let row = try Row.fetchOne(
                // Kept: the compilation takes longer than the insertion, and the spool comes in thousands.
                db.cachedStatement(
                    sql: """
                        INSERT INTO request (id, uid, base, label, intent, options, state, submittedAt, submittedAge, keyHash,
                            contentHash, spoolName, isOwed)
                        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?8, ?9, ?10, ?11, ?11 IS NOT NULL) RETURNING *
                        """),
                arguments: [
                    "r-" + UUID().uuidString.lowercased(), submission.uid, submission.base, submission.label,
                    try submission.intent.json(), try options.json(), now.timeIntervalSince1970, age,
                    hashes?.key, hashes?.content, submission.spoolName,
                ])
        else { throw SgloradError.internal("a request was accepted and is not there") }
        return QueuedRequest(row: row)
    }

    /// The request that a key stands for, if there is one.
    private static func replayed(
        _ submission: Submission, _ hashes: IdempotencyKeys.Hashes, _ db: Database
    ) throws -> QueuedRequest? {
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT * FROM request WHERE uid = ? AND keyHash = ?"),
                arguments: [submission.uid, hashes.key])
        else { return nil }
        guard row["contentHash"] == hashes.content else {
            throw SgloradError.invalidIntent(
                field: "idempotencyKey",
                reason: "was used before, for another intent. Take a new key for a new intent")
        }
        if submission.spoolName != nil {
            try db.execute(
                sql: "UPDATE request SET isOwed = 1 WHERE id = ? AND spoolName IS NOT NULL",
                arguments: [row["id"] as String])
        }
        return QueuedRequest(row: row)
    }
}

/// How many more requests are taken, in all and of each user, within one transaction.
struct QueueRoom {
    private let db: Database
    private let options: QueueOptions
    private var open: Int?
    private var own: [Int: Int] = [:]

    init(_ db: Database, _ options: QueueOptions) {
        self.db = db
        self.options = options
    }

    private mutating func counts(_ uid: Int) throws -> (open: Int, own: Int) {
        let all =
            try open ?? Int.fetchOne(db, sql: "SELECT count(*) FROM request WHERE finishedAt IS NULL") ?? 0
        let mine =
            try own[uid]
            ?? Int.fetchOne(
                db, sql: "SELECT count(*) FROM request WHERE finishedAt IS NULL AND uid = ?", arguments: [uid]
            )
            ?? 0
        (open, own[uid]) = (all, mine)
        return (all, mine)
    }

    /// How many more a user may submit.
    mutating func left(_ uid: Int) throws -> Int {
        let (open, own) = try counts(uid)
        return max(0, min(options.capacity - open, options.perUser - own))
    }

    /// Takes up one place.
    ///
    /// - Throws: `busy` where there is none.
    mutating func take(_ uid: Int) throws {
        let (open, own) = try counts(uid)
        guard open < options.capacity else {
            throw SgloradError(
                .busy,
                "The queue is full (\(options.capacity) requests are open). Try again in a few seconds.",
                parameters: ["retryAfter": .double(2), "reason": .string("the queue is full")])
        }
        guard own < options.perUser else {
            throw SgloradError(
                .busy,
                "You have \(options.perUser) open requests, as many as one user may have. Wait for some to end, or cancel "
                    + "them with 'sglorad-ctl queue cancel'.",
                parameters: [
                    "retryAfter": .double(2), "reason": .string("the user has too many open requests"),
                ])
        }
        (self.open, self.own[uid]) = (open + 1, own + 1)
    }
}
