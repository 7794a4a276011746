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
}
