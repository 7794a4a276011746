public import ErrorModel
public import Files
internal import Foundation
internal import GRDB
internal import Storage

/// A result that is not written into the spool yet.
public struct PendingResult: Sendable, Hashable {
    /// Identifies the result: a request that is retried and ends again has another receipt.
    public struct Receipt: Sendable, Hashable {
        /// The request's place in the order of submission.
        public let sequence: Int
        /// When it ended, exactly as stored.
        public let finishedAt: Double

        public init(sequence: Int, finishedAt: Double) {
            self.sequence = sequence
            self.finishedAt = finishedAt
        }
    }

    public let receipt: Receipt
    /// The request, which is final.
    public let request: QueuedRequest
}

/// At-least-once delivery of results to the spool.
extension RequestQueue {
    /// Final requests that came through the spool and whose results were not delivered yet, the oldest first.
    ///
    /// - Parameters:
    ///   - owner: only those of this user; nil for everybody's.
    ///   - sequence: only those after this place.
    ///   - limit: how many at most.
    public func pendingResults(
        of owner: UserID? = nil, after sequence: Int = 0, limit: Int
    ) async throws(SgloradError) -> [PendingResult] {
        try await database.read { db in
            var requests = Self.pending(after: sequence, limit: limit)
            if let owner { requests = requests.filter(RequestRecord.Columns.uid == owner) }
            return try requests.fetchAll(db).compactMap { record in
                guard let sequence = record.sequence, let finishedAt = record.finishedAt else { return nil }
                return PendingResult(
                    receipt: PendingResult.Receipt(sequence: sequence, finishedAt: finishedAt),
                    request: QueuedRequest(record))
            }
        }
    }

    /// The users with results that were not delivered yet, in ascending order.
    public func usersOwedResults() async throws(SgloradError) -> [UserID] {
        try await database.read { db in
            let users = try Int.fetchAll(
                db, sql: "SELECT DISTINCT uid FROM request WHERE isOwed = 1 AND finishedAt IS NOT NULL")
            return users.compactMap(UserID.init(exactly:)).sorted()
        }
    }

    /// Records that results were delivered; a request that was retried meanwhile keeps its next result pending.
    public func markDelivered(_ results: [PendingResult.Receipt]) async throws(SgloradError) {
        typealias Columns = RequestRecord.Columns
        try await database.write { db in
            for result in results {
                try RequestRecord.filter(
                    Columns.sequence == result.sequence && Columns.finishedAt == result.finishedAt
                ).updateAll(db, Columns.isResultPending.set(to: false))
            }
        }
    }

    static func pending(after sequence: Int, limit: Int) -> QueryInterfaceRequest<RequestRecord> {
        // A literal 1: with a bound value the partial index `requestOwed` would not apply.
        RequestRecord.filter(literal: "isOwed = 1 AND finishedAt IS NOT NULL")
            .filter(RequestRecord.Columns.sequence > sequence)
            .order(RequestRecord.Columns.sequence).limit(limit)
    }
}
