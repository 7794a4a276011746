public import ErrorModel
internal import GRDB

/// How many of a kind, and their bytes on disk.
public struct CacheUsage: Sendable, Hashable {
    /// How many.
    public var count: Int
    /// Their bytes.
    public var bytes: Int

    /// Makes a figure.
    public init(count: Int, bytes: Int) {
        self.count = count
        self.bytes = bytes
    }
}

/// What the cache holds.
public struct CacheStatistics: Sendable, Hashable {
    /// How many base models.
    public var bases: Int
    /// The experts.
    public var experts: CacheUsage
    /// The generators.
    public var generators: CacheUsage
    /// The published adapters.
    public var adapters: CacheUsage
    /// The database's pages, in bytes.
    public var databaseBytes: Int
}

extension ExpertCache {
    /// How many bytes a user's adapters take.
    public func adapterBytes(of uid: Int) async throws(SgloradError) -> Int {
        try await read { db in
            try Int.fetchOne(
                db, sql: "SELECT coalesce(sum(bytes), 0) FROM adapter WHERE uid = ?", arguments: [uid]) ?? 0
        }
    }

    /// Counts what the cache holds.
    public func statistics() async throws(SgloradError) -> CacheStatistics {
        try await read { db in
            func usage(_ table: String) throws -> CacheUsage {
                let row = try Row.fetchOne(
                    db, sql: "SELECT count(*) AS n, coalesce(sum(bytes), 0) AS b FROM \(table)")
                return CacheUsage(count: row?["n"] ?? 0, bytes: row?["b"] ?? 0)
            }
            return CacheStatistics(
                bases: try Int.fetchOne(db, sql: "SELECT count(*) FROM base") ?? 0,
                experts: try usage("expert"),
                generators: try usage("generator"), adapters: try usage("adapter"),
                databaseBytes: try Int.fetchOne(
                    db, sql: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
                    ?? 0)
        }
    }
}
