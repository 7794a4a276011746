internal import DurableStorage
public import ErrorModel
internal import GRDB

extension IntentQueue {
    /// Every request of a user, whatever its state.
    ///
    /// - Parameters:
    ///   - uid: whose.
    ///   - label: with which label; nil for all.
    public func everything(of uid: Int, label: String?) async throws(SgloradError) -> [QueuedRequest] {
        try await requests(uid: uid, label: label, limit: .max)
    }

    /// Erases requests for good: text, label, key and that there were any.
    ///
    /// None of it stands in any file when this returns, the write-ahead log included.
    ///
    /// - Parameters:
    ///   - ids: the requests.
    ///   - evenOpen: whether those go too that have not ended, as a backup may bring back.
    /// - Returns: the identifiers of those that were there, and are gone now.
    @discardableResult
    public func forget(_ ids: [String], evenOpen: Bool = false) async throws(SgloradError) -> [String] {
        let gone = try await database.write { db in
            try ids.filter { id in
                try db.execute(
                    sql: "DELETE FROM request WHERE id = ? AND (finishedAt IS NOT NULL OR ?)",
                    arguments: [id, evenOpen])
                return db.changesCount > 0
            }
        }
        guard !gone.isEmpty else { return [] }
        logHoldsErased = true
        try await database.truncateLog()
        return gone
    }
}
