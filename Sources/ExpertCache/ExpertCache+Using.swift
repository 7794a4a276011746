internal import DurableStorage
public import ErrorModel
public import Foundation
internal import GRDB

extension ExpertCache {
    /// Does something with an adapter's files, which are not evicted meanwhile, and notes that it was used.
    ///
    /// - Throws: `notFound` where the adapter is being evicted, else what `body` throws.
    public func using<T: Sendable>(
        _ adapter: AdapterRecord, _ body: () async throws -> T
    ) async throws -> T {
        guard uses.begin(adapter.id) else {
            throw SgloradError.notFound("adapter", adapter.id, remedy: "It was evicted just now.")
        }
        defer { uses.end(adapter.id) }
        try await touch(adapter.id)
        return try await body()
    }

    /// Notes that an adapter was used now; within a minute of the last use there is nothing to note.
    public func touch(_ id: String, at moment: Date = .now) async throws(SgloradError) {
        let now = moment.timeIntervalSince1970
        let isDue = try await read { db in
            try Bool.fetchOne(
                db, sql: "SELECT usedAt < ? - 60 FROM adapter WHERE id = ?", arguments: [now, id])
        }
        guard isDue == true else { return }
        try await write { db in
            try db.execute(sql: "UPDATE adapter SET usedAt = ? WHERE id = ?", arguments: [now, id])
        }
    }

    /// Pins an adapter, so that it is never evicted, or lets go of it again.
    ///
    /// - Returns: the adapter as it is now; nil where there is none.
    public func pin(_ id: String, _ isPinned: Bool) async throws(SgloradError) -> AdapterRecord? {
        guard uses.begin(id) else { return nil }
        defer { uses.end(id) }
        guard var adapter = try await adapter(id) else { return nil }
        guard adapter.isPinned != isPinned else { return adapter }
        adapter.isPinned = isPinned
        let pinned = adapter
        try await disk.run { [self] () throws(SgloradError) in try writeManifest(of: pinned) }
        let isThere = try await write { db in
            try db.execute(sql: "UPDATE adapter SET isPinned = ? WHERE id = ?", arguments: [isPinned, id])
            return db.changesCount > 0
        }
        if isThere { return adapter }
        // It was removed meanwhile: its manifest must not stay behind.
        try await disk.run { [self] () throws(SgloradError) in removeRemnants(of: pinned) }
        return nil
    }
}
