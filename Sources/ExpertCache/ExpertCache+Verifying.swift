internal import DurableStorage
public import ErrorModel
internal import GRDB

extension ExpertCache {
    /// All that the rows speak of, at one moment.
    public func inventory() async throws(SgloradError) -> CacheInventory {
        try await read { db in
            CacheInventory(
                bases: try Self.bases(db), experts: try Self.experts(db, base: nil),
                generators: try Self.generators(db, base: nil),
                adapters: try Self.adapters(db, where: "TRUE", []))
        }
    }

    /// Whether there is no row at all: nobody has used the database yet, or its rows were lost.
    ///
    /// Experts and generators belong to a base, so that these need not be looked for.
    public func isEmpty() async throws(SgloradError) -> Bool {
        try await read { db in
            try Bool.fetchOne(
                db, sql: "SELECT NOT EXISTS (SELECT 1 FROM base) AND NOT EXISTS (SELECT 1 FROM adapter)")
                ?? true
        }
    }

    /// What SQLite's check of the database finds.
    public func databaseProblems() async throws(SgloradError) -> [CacheProblem] {
        try await databaseFindings().map {
            CacheProblem(database: state.cacheDatabase, finding: $0)
        }
    }
}
