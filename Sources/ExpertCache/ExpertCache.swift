public import DurableStorage
public import ErrorModel
internal import GRDB

/// The library, the generators and the published adapters: `cache.db` and the files beside it.
///
/// Every change is durable when its call returns. Rows are written last and removed first, so that a row never speaks of a
/// file that is not there.
public final class ExpertCache: Sendable {
    /// The folder that holds it all.
    public let state: StateDirectory
    /// Content-addressed files.
    public let blobs: BlobStore
    let disk = DiskQueue()
    let uses = AdapterUses()
    private let database: DurableDatabase

    /// Opens the cache of a state directory, and brings its database to the present version.
    ///
    /// - Throws: `storageFailure` with what SQLite said.
    public init(_ state: StateDirectory) throws(SgloradError) {
        self.state = state
        blobs = BlobStore(state)
        database = try DurableDatabase(
            path: state.cacheDatabase, applicationID: CacheSchema.applicationID,
            migrator: CacheSchema.migrator)
    }

    /// Closes the database; later calls fail.
    public func close() throws(SgloradError) {
        try database.close()
    }

    /// Empties the write-ahead log, so that what was erased does not go on standing there.
    public func truncateLog() async throws(SgloradError) {
        try await database.truncateLog()
    }

    /// What SQLite's own check of the whole database finds.
    func databaseFindings() async throws(SgloradError) -> [String] {
        try await database.problems()
    }

    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(SgloradError) -> T
    {
        try await database.read(body)
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(SgloradError)
        -> T
    {
        try await database.write(body)
    }
}
