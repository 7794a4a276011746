internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB

/// A result that the spool is still owed.
public struct OwedResult: Sendable, Hashable {
    /// Its place in the order of the requests.
    public let sequence: Int
    /// The request, which is final.
    public let request: QueuedRequest
    /// When it ended, as the database has it.
    let ended: Double
}

/// Results that have to be written into the spool, whatever happens in between.
extension IntentQueue {
    /// Final requests that came through the spool and whose results were not written yet, the oldest first.
    ///
    /// - Parameters:
    ///   - sequence: only those after this place.
    ///   - limit: how many at most.
    public func owed(after sequence: Int = 0, limit: Int) async throws(SgloradError) -> [OwedResult] {
        try await database.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM request WHERE isOwed = 1 AND finishedAt IS NOT NULL AND sequence > ?
                    ORDER BY sequence LIMIT ?
                    """, arguments: [sequence, limit]
            ).map { row in
                OwedResult(
                    sequence: row["sequence"], request: QueuedRequest(row: row), ended: row["finishedAt"])
            }
        }
    }

    /// Says that results were written; a request that was queued again meanwhile owes its next one.
    public func delivered(_ results: [OwedResult]) async throws(SgloradError) {
        try await database.write { db in
            for result in results {
                try db.execute(
                    sql: "UPDATE request SET isOwed = 0 WHERE sequence = ? AND finishedAt = ?",
                    arguments: [result.sequence, result.ended])
            }
        }
    }
}
