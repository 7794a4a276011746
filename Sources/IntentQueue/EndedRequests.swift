internal import ErrorModel
internal import Files
internal import GRDB
internal import Storage

/// The bound on the ended requests of each user, ``QueueOptions/keepRequestsPerUser``, counted by accounts.
///
/// The oldest are deleted beyond it. One whose idempotency key counts must stay, else a repetition would be answered twice;
/// and one whose result is not delivered to the spool yet. A user who has as many of these as the bound allows can make no
/// new requests until the keys have expired or the results are delivered.
struct EndedRequests: Sendable {
    private typealias Columns = RequestRecord.Columns

    private let most: Int

    init(_ options: QueueOptions) {
        most = options.keepRequestsPerUser
    }

    /// Whether an account may have another request.
    ///
    /// - Parameters:
    ///   - db: the database.
    ///   - account: the account.
    ///   - deleting: whether to delete the oldest to make room; false where the database is only read.
    func hasRoom(_ db: Database, for account: UserID, deleting: Bool) throws -> Bool {
        let excess = try count(db, of: account) - most + 1
        guard excess > 0 else { return true }
        return deleting
            ? try delete(db, excess, of: account) == excess
            : try deletable(of: account, db, limit: excess).count == excess
    }

    /// Deletes what is beyond the bound, of all accounts.
    func prune(_ db: Database) throws {
        struct Crowd: Decodable, FetchableRecord {
            let account: UserID
            let requests: Int
        }
        let crowds = try Crowd.fetchAll(
            db,
            sql: """
                SELECT account, sum(requests) AS requests FROM tally WHERE state NOT IN ('queued', 'running')
                GROUP BY account HAVING sum(requests) > ?
                """, arguments: [most])
        for crowd in crowds { _ = try delete(db, crowd.requests - most, of: crowd.account) }
    }

    /// Whether `prune(_:)` would find anything to delete; reads only.
    func isDue(_ db: Database) throws -> Bool {
        let crowded = try UserID.fetchAll(
            db,
            sql: """
                SELECT account FROM tally WHERE state NOT IN ('queued', 'running') GROUP BY account
                HAVING sum(requests) > ?
                """, arguments: [most])
        return try crowded.contains { try !deletable(of: $0, db, limit: 1).isEmpty }
    }

    private func count(_ db: Database, of account: UserID) throws -> Int {
        try RequestTally.ended(db, of: account)
    }

    /// The oldest ended requests that may be deleted.
    private func deletable(of account: UserID, _ db: Database, limit: Int) throws -> [Int] {
        try RequestRecord.filter(
            Columns.account == account && RequestRecord.isFinal && Columns.keyHash == nil
                && Columns.isResultPending == false
        ).order(Columns.endedAge, Columns.sequence).limit(limit).select(Columns.sequence, as: Int.self)
            .fetchAll(db)
    }

    private func delete(_ db: Database, _ count: Int, of account: UserID) throws -> Int {
        var gone = 0
        for sequence in try deletable(of: account, db, limit: count) {
            gone += try RequestRecord.filter(Columns.sequence == sequence).deleteAll(db)
        }
        return gone
    }

    /// The error where there is no room.
    var refusal: SgloradError {
        SgloradError(
            .busy,
            "You have \(most) ended requests that must be remembered, as many as one user may have "
                + "(queue.keepRequestsPerUser): their idempotency keys still count, or their results are not delivered. "
                + "Wait until the keys expire (queue.keepKeys), or erase some with 'sglorad-ctl forget'.",
            parameters: [
                "retryAfter": .double(60), "reason": .string("the user has too many ended requests"),
            ])
    }
}
