public import ErrorModel
public import Executors
public import Files
internal import GRDB
public import Storage

/// The system of record for base models, experts, generators and published adapters: `cache.db` and the files beside it.
///
/// The store opens and closes; its parts do the work. What holds for all of them:
///
/// - A change is durable when its call returns.
/// - Files are written before the rows that reference them and removed after them, so that no row references a missing file.
/// - Each file has a manifest from which its row can be rebuilt.
/// - `async` calls never block the cooperative pool. Calls that are not `async` block on the disk: run them on a
///   `ComputePool`.
public final class LibraryStore: Sendable {
    /// The folder that holds it all.
    public let state: StateDirectory
    /// Content-addressed files.
    public let blobs: BlobStore
    /// The base models.
    public let bases: BaseStore
    /// The references that fix each library's gauge.
    public let references: ReferenceStore
    /// The experts.
    public let experts: ExpertStore
    /// The matrices of the experts' embeddings.
    public let embeddings: EmbeddingStore
    /// The generators.
    public let generators: GeneratorStore
    /// The published adapters.
    public let adapters: AdapterStore
    /// The remembered digests of text encoders.
    public let encoderDigests: EncoderDigestCache
    /// Verification, repair and recovery.
    public let integrity: LibraryIntegrity
    /// Passed by whatever stores blobs and then their rows, or removes both: imports, removals, trainings' results.
    ///
    /// A blob that one of them removes can then not be one that another has just stored.
    public let changes = Turnstile()
    private let database: LibraryDatabase
    /// The adapters that an earlier run had published and left in the journal; their files are complete and durable.
    public let journalled: [AdapterRecord]

    /// Opens the library of a state directory, migrates its database, and completes the files of adapters that were published
    /// just before a crash; blocks.
    ///
    /// - Parameters:
    ///   - state: the directory.
    ///   - time: the time in which ages are counted; the directory's by default.
    ///   - accounts: under whom each user's share of the disk is counted; each user alone by default.
    ///   - isAsLeft: whether nothing has changed since an orderly stop of this version.
    ///   - files: runs the library's blocking file calls; an executor of its own by default.
    /// - Throws: `storageFailure` with SQLite's message.
    public init(
        _ state: StateDirectory, time: ServiceTime? = nil, accounts: UserAccounts? = nil,
        isAsLeft: Bool = false,
        files: FileExecutor = FileExecutor(label: "io.sglorad.library.files")
    ) throws(SgloradError) {
        let time = if let time { time } else { try ServiceTime(state) }
        self.state = state
        blobs = BlobStore(state)
        let database = try LibraryDatabase(path: state.cacheDatabase)
        self.database = database
        if !isAsLeft { try database.writeNow { db in try AdapterAges.complete(db, time) } }
        let journal = try AdapterJournal(state)
        journalled = try journal.restore { () throws(SgloradError) in try database.synchroniseNow() }
        let resources = LibraryResources(
            state: state, database: database, blobs: blobs, files: files, time: time)
        bases = BaseStore(resources: resources)
        references = ReferenceStore(resources: resources)
        experts = ExpertStore(resources: resources)
        embeddings = EmbeddingStore(resources: resources)
        generators = GeneratorStore(resources: resources)
        adapters = AdapterStore(resources, journal, accounts: accounts)
        encoderDigests = EncoderDigestCache(resources: resources)
        integrity = LibraryIntegrity(resources: resources, adapters: adapters)
    }

    /// Examines a library's database before it is opened, and repairs what can be repaired without losing a row.
    ///
    /// Blocks, for as long as it takes to read the database.
    ///
    /// - Throws: `storageFailure` where it cannot be read, or where a newer version wrote it.
    public static func examine(_ state: StateDirectory) throws(SgloradError) -> DatabaseFinding {
        try DatabaseHealth.examine(state.cacheDatabase, as: LibrarySchema.description)
    }

    /// The number of the newest schema of `cache.db` that this build knows.
    public static var schema: Int { LibrarySchema.description.schema }

    /// Grows with every change of base models, experts and generators, and with nothing else.
    public var version: Int { database.changes.value }

    /// Closes the database; later calls fail.
    ///
    /// - Throws: `storageFailure`.
    public func close() throws(SgloradError) {
        try database.close()
    }

    /// Truncates the write-ahead log, so that erased content does not remain in it.
    ///
    /// - Throws: `storageFailure`.
    public func truncateLog() async throws(SgloradError) {
        try await database.truncateLog()
    }

    /// Truncates the write-ahead log if it may hold what was erased since the last time; call it at least twice a minute.
    ///
    /// - Throws: `storageFailure`.
    public func truncateLogIfErased() async throws(SgloradError) {
        try await database.truncateLogIfErased()
    }

    /// Counts what the library holds.
    ///
    /// - Parameter owner: the user whose adapters are counted; nil for all.
    /// - Throws: `storageFailure`.
    public func statistics(adaptersOf owner: UserID? = nil) async throws(SgloradError) -> LibraryStatistics {
        try await database.read { db in
            let libraries = try LibraryState.fetchAll(db)
            let adapters = try AdapterUsage.all(db, of: owner, accounts: nil)
            return LibraryStatistics(
                bases: try BaseRow.fetchCount(db),
                experts: LibraryUsage(
                    count: libraries.reduce(0) { $0 + $1.experts },
                    bytes: libraries.reduce(0) { $0 + $1.bytes }),
                generators: LibraryUsage(
                    count: try GeneratorRow.fetchCount(db),
                    bytes: try GeneratorRow.select(sum(GeneratorRow.Columns.bytes), as: Int.self).fetchOne(db)
                        ?? 0),
                adapters: LibraryUsage(
                    count: adapters.reduce(0) { $0 + $1.adapters },
                    bytes: adapters.reduce(0) { $0 + $1.bytes }),
                // SQL: the query interface has no pragma functions.
                databaseBytes: try Int.fetchOne(
                    db, sql: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
                    ?? 0)
        }
    }
}

/// How many of a kind, and their bytes on disk.
public struct LibraryUsage: Sendable, Hashable {
    public var count: Int
    public var bytes: Int

    public init(count: Int, bytes: Int) {
        self.count = count
        self.bytes = bytes
    }

    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }
}

/// What the library holds.
public struct LibraryStatistics: Sendable, Hashable {
    /// How many base models.
    public var bases: Int
    public var experts: LibraryUsage
    public var generators: LibraryUsage
    /// The published adapters.
    public var adapters: LibraryUsage
    /// The database's pages, in bytes.
    public var databaseBytes: Int
}
