internal import ErrorModel
internal import Executors
internal import Files
internal import Foundation
internal import GRDB
internal import Storage
internal import Synchronization

/// The connection to `cache.db`, which every part of the library shares.
///
/// A part reads and writes its own tables only, except for the reference counts of blobs.
struct LibraryDatabase: Sendable {
    private let database: DurableDatabase
    private let erased = Erased()
    /// The changes of base models, experts and generators; not those of adapters.
    let changes = ChangeCount(
        of: ["base", "expert", "checkpoint", "generator", "generatorExpert"])

    /// Whether the log may hold what was erased: true at first, because the previous run may have been killed.
    private final class Erased: Sendable {
        let logHolds = Mutex(true)
    }

    /// Opens and migrates the database; blocks.
    init(path: String) throws(SgloradError) {
        database = try DurableDatabase(
            path: path, description: LibrarySchema.description)
        database.count(changes)
    }

    /// Reads within one transaction.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(SgloradError) -> T {
        try await database.read(body)
    }

    /// Writes within one transaction, which is durable when the call returns.
    func write<T: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(SgloradError) -> T {
        try await database.write(body)
    }

    /// Writes within one transaction that a power cut may undo until ``synchronise()`` or a later ``write(_:)`` has returned.
    func writeDeferred<T: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(SgloradError) -> T {
        try await database.writeDeferred(body)
    }

    /// Makes every transaction durable that was committed before the call.
    func synchronise() async throws(SgloradError) { try await database.synchronise() }

    /// The same; blocks, so it is for opening alone.
    func synchroniseNow() throws(SgloradError) { try database.synchroniseNow() }

    /// Writes within one transaction that frees space, and so must succeed on a full disk as well.
    func writeFreeing<T: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(SgloradError) -> T {
        try await database.writeFreeing(body)
    }

    /// Notes that the write-ahead log may hold what was erased from the database.
    func noteErasure() { erased.logHolds.withLock { $0 = true } }

    /// Truncates the write-ahead log, so that deleted content does not remain in it; if that fails,
    /// ``truncateLogIfErased()`` tries again.
    func truncateLog() async throws(SgloradError) {
        erased.logHolds.withLock { $0 = false }
        do {
            try await database.truncateLog()
        } catch {
            noteErasure()
            throw error
        }
    }

    /// Truncates the write-ahead log if it may hold what was erased from the database.
    func truncateLogIfErased() async throws(SgloradError) {
        if erased.logHolds.withLock({ $0 }) { try await truncateLog() }
    }

    /// Rebuilds every index, if that makes the database sound.
    func rebuildIndexes() async throws(SgloradError) -> Bool { try await database.rebuildIndexes() }

    /// What SQLite's integrity check finds.
    func problems() async throws(SgloradError) -> [String] { try await database.problems() }

    /// Writes within one transaction; blocks, so it is for opening alone.
    func writeNow(_ body: (Database) throws -> Void) throws(SgloradError) { try database.writeNow(body) }

    /// Closes the database; later calls fail.
    func close() throws(SgloradError) { try database.close() }
}

/// What every store of a library shares: its database, its files, and the executor for blocking file calls.
struct LibraryResources: Sendable {
    let state: StateDirectory
    let database: LibraryDatabase
    let blobs: BlobStore
    let files: FileExecutor
    /// The time in which the adapters' ages are counted.
    let time: ServiceTime

    /// Removes the blobs that no row references; where the database cannot be read, they stay for the next start to remove.
    func removeUnreferenced(blobs digests: [String]) async {
        for digest in digests {
            let isUnreferenced = try? await database.read { db in
                try ExpertRow.filter(ExpertRow.Columns.parameters == digest).isEmpty(db)
                    && BaseRow.filter(BaseRow.Columns.reference == digest).isEmpty(db)
                    && GeneratorRow.filter(GeneratorRow.Columns.parameters == digest).isEmpty(db)
            }
            guard isUnreferenced == true else { continue }
            await files.run { [blobs] in blobs.remove(digest) }
        }
    }

    /// Writes the manifest beside an expert's blob.
    ///
    /// - Throws: `storageFailure`.
    func writeManifest(of expert: ExpertRecord, _ base: BaseRecord) async throws(SgloradError) {
        let manifest = ExpertManifest(expert: expert, layout: base.layout, template: base.template)
        try await writeManifest(manifest, of: expert.parameters)
    }

    /// Writes the manifest beside a blob.
    ///
    /// - Throws: `storageFailure`.
    func writeManifest(
        _ manifest: some Encodable & Sendable, of blob: String
    ) async throws(SgloradError) {
        try await files.run { [blobs] () throws(SgloradError) in
            try blobs.writeManifest(manifest, of: blob)
        }
    }

    /// Removes the row of an expert or a generator, and its blob unless another row references it.
    ///
    /// - Returns: false where there is no such row.
    func removeRow<Record: FetchableRecord & TableRecord & SendableMetatype>(
        _ row: @escaping @Sendable () -> QueryInterfaceRequest<Record>
    ) async throws(SgloradError) -> Bool {
        let blob = try await database.writeFreeing { db -> String? in
            let row = row()
            let blob = try row.select(Column("parameters"), as: String.self).fetchOne(db)
            try row.deleteAll(db)
            return blob
        }
        guard let blob else { return false }
        await removeUnreferenced(blobs: [blob])
        return true
    }
}

/// Structured values in a text column: compact JSON with sorted keys.
enum JSONColumn {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<T: Decodable>(_ text: String) throws -> T {
        try JSONDecoder().decode(T.self, from: Data(text.utf8))
    }
}
