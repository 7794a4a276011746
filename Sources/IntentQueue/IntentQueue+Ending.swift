internal import ErrorModel
internal import Foundation
internal import GRDB

extension IntentQueue {
    /// Makes a request final under a lease; nil where the lease is not the request's.
    static func end(
        _ db: Database, _ lease: Lease, _ state: RequestState, adapter: String? = nil, failure: String? = nil,
        keepingIntent: Bool, now: Date, age: Double
    ) throws -> QueuedRequest? {
        try end(
            db, id: lease.request, token: lease.token, state, adapter: adapter, failure: failure,
            keepingIntent: keepingIntent, now: now, age: age)
    }

    /// Makes an open request final; nil where there is none, or another has its lease.
    ///
    /// - Parameters:
    ///   - db: the database, within a transaction.
    ///   - id: the request.
    ///   - token: the lease's, nil for a request that nobody is at.
    ///   - state: a final state.
    ///   - adapter: what was published for it.
    ///   - failure: why it was refused or failed, as JSON.
    ///   - keepingIntent: whether the text is kept until the options' time has passed.
    ///   - now: the wall clock.
    ///   - age: the queue's age.
    static func end(
        _ db: Database, id: String, token: String?, _ state: RequestState, adapter: String? = nil,
        failure: String? = nil, keepingIntent: Bool, now: Date, age: Double
    ) throws -> QueuedRequest? {
        if keepingIntent {
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO retained (request, intent)
                    SELECT id, intent FROM request WHERE id = ? AND lease IS ? AND intent IS NOT NULL
                    """, arguments: [id, token])
        }
        return try Row.fetchOne(
            db,
            sql: """
                UPDATE request SET state = ?, finishedAt = ?, endedAge = ?, adapter = ?, failure = ?, intent = NULL,
                    lease = NULL, calledOff = 0
                WHERE id = ? AND lease IS ? AND finishedAt IS NULL RETURNING *
                """,
            arguments: [state.rawValue, now.timeIntervalSince1970, age, adapter, failure, id, token]
        ).map(QueuedRequest.init(row:))
    }
}

extension String {
    /// The failure of a request that was begun as often as a request may be, and never came to an end.
    static func givenUp(after attempts: Int) -> String {
        failure(
            "The request was given up after \(attempts) attempts, each of which ended without a word: the daemon was killed, "
                + "or hung. 'sglorad-ctl queue retry' tries it again.",
            reason: "\(attempts) attempts ended without a result")
    }

    /// The failure of a request whose intent is damaged.
    static var unreadable: String {
        failure(
            "The request's intent cannot be read any more; ask again.",
            reason: "the intent cannot be read")
    }

    private static func failure(_ message: String, reason: String) -> String {
        let error = SgloradError(.internal, message, parameters: ["reason": .string(reason)])
        return (try? JSONEncoder().encode(error)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
