public import ErrorModel
public import Storage

extension RequestQueue {
    /// Examines a queue's database before it is opened, and repairs what can be repaired without losing a request.
    ///
    /// Blocks, for as long as it takes to read the database.
    ///
    /// - Parameter path: the database's file.
    /// - Throws: `storageFailure` where it cannot be read, or where a newer version wrote it.
    public static func examine(_ path: String) throws(SgloradError) -> DatabaseFinding {
        try DatabaseHealth.examine(path, as: QueueSchema.description)
    }

    /// The number of the newest schema of `queue.db` that this build knows.
    public static var schema: Int { QueueSchema.description.schema }

    /// Rebuilds every index of the database, if that makes it sound; otherwise nothing is changed.
    ///
    /// - Returns: whether it is sound now.
    /// - Throws: `storageFailure` where that cannot be tried.
    public func rebuildIndexes() async throws(SgloradError) -> Bool {
        guard try await database.rebuildIndexes() else { return false }
        return try await problems().isEmpty
    }
}
