internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB
public import Privacy

/// What people decide about requests.
extension IntentQueue {
    /// Calls a request off.
    ///
    /// One that waits is `cancelled` at once. One that is running is marked, and its worker ends it at its next stage; if it
    /// was already publishing it ends as `done`. One that is final stays as it is.
    ///
    /// - Returns: the request as it is now; nil where there is none.
    public func cancel(_ id: String) async throws(SgloradError) -> QueuedRequest? {
        let (keep, now, age) = (options.retainIntents > .zero, clock.wall(), age.seconds)
        let cancelled: QueuedRequest? = try await database.write { db in
            if let ended = try Self.end(
                db, id: id, token: nil, .cancelled, keepingIntent: keep, now: now, age: age)
            {
                return ended
            }
            return try Row.fetchOne(
                db, sql: "UPDATE request SET calledOff = 1 WHERE id = ? AND state = 'running' RETURNING *",
                arguments: [id]
            ).map(QueuedRequest.init(row:))
        }
        guard let cancelled else { return try await request(id) }
        if cancelled.state.isFinal {
            ended(cancelled)
        } else if holdings[id] != nil {
            holdings[id]?.request.isCalledOff = true
        } else {
            calledOffEarly.insert(id)
        }
        return try await request(id)
    }

    /// Queues a request once more that was refused, failed or cancelled, in its old place and with all its attempts.
    ///
    /// - Parameters:
    ///   - id: the request.
    ///   - text: the intent's text, where it has been erased; the options are still known.
    ///   - obstacle: why nothing is taken from the user at the moment.
    /// - Returns: the request; nil where there is none.
    /// - Throws: `invalidRequest` for a request that is open or done, `invalidIntent` where the text is erased and none is
    ///   given, or is still there and another is given; the obstacle; `busy` where there is no room.
    public func retry(
        _ id: String, text: PrivateText? = nil, obstacle: SgloradError? = nil
    ) async throws(SgloradError) -> QueuedRequest? {
        let options = options
        let retried: QueuedRequest? = try await database.write { db in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT request.*, retained.intent AS kept FROM request
                        LEFT JOIN retained ON retained.request = request.id WHERE request.id = ?
                        """, arguments: [id])
            else { return nil }
            let request = QueuedRequest(row: row)
            guard request.state.isFinal, request.state != .done else {
                throw SgloradError.invalidRequest(
                    field: "requestId",
                    reason:
                        "names a request that is \(request.state.rawValue); only one that was refused, failed or "
                        + "cancelled can be tried again")
            }
            let intent = try Self.intent(kept: row["kept"], options: row["options"], text: text)
            if let obstacle { throw obstacle }
            var room = QueueRoom(db, options)
            try room.take(request.uid)
            try db.execute(sql: "DELETE FROM retained WHERE request = ?", arguments: [id])
            return try Row.fetchOne(
                db,
                sql: """
                    UPDATE request SET state = 'queued', intent = ?, finishedAt = NULL, failure = NULL, attempts = 0,
                        endedAge = 0, isOwed = spoolName IS NOT NULL
                    WHERE id = ? RETURNING *
                    """,
                arguments: [try intent.json(), id]
            ).map(QueuedRequest.init(row:))
        }
        guard let retried else { return nil }
        announce(retried)
        wake()
        return retried
    }

    private static func intent(kept: String?, options: String?, text: PrivateText?) throws -> QueuedIntent {
        if let intent = kept.flatMap(QueuedIntent.init(json:)) {
            guard text == nil || text == intent.text else {
                throw SgloradError.invalidIntent(
                    field: "text", reason: "is not that of the request. Make a new request for a new intent")
            }
            return intent
        }
        guard let text else {
            throw SgloradError.invalidIntent(
                field: "text",
                reason:
                    "was erased when the request ended, as privacy.retainIntents says. Give the text again, or make a "
                    + "new request")
        }
        var intent = QueuedIntent(text: text, seed: .random(in: 0..<1 << 53))
        if let known = options.flatMap(QueuedIntent.init(json:)) {
            intent = known
            intent.text = text
        }
        return intent
    }
}
