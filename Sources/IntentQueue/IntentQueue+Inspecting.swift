internal import DurableStorage
public import ErrorModel
internal import GRDB

extension IntentQueue {
    /// What SQLite's own check of the whole database finds; nothing where it is sound.
    public func problems() async throws(SgloradError) -> [String] {
        try await database.problems()
    }

    /// The identifiers of the requests that have not come to their end.
    public func openRequests() async throws(SgloradError) -> Set<String> {
        try await database.read { db in
            try String.fetchSet(db, sql: "SELECT id FROM request WHERE finishedAt IS NULL")
        }
    }
}
