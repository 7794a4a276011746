internal import DurableStorage
public import ErrorModel
internal import Foundation
internal import GRDB

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

extension ExpertCache {
    /// Removes adapters for good: their manifests first, then their rows, then their folders.
    ///
    /// A removal that is cut off leaves either the adapter as it was or remnants that nothing speaks of, which the next start
    /// removes; what is gone is never made again from a manifest that stayed behind.
    ///
    /// - Returns: those that were there, and are gone now.
    @discardableResult
    public func remove(_ adapters: [AdapterRecord]) async throws(SgloradError) -> [AdapterRecord] {
        guard !adapters.isEmpty else { return [] }
        try await disk.run { [self] () throws(SgloradError) in
            for adapter in adapters {
                guard unlink(manifestPath(of: adapter)) == 0 || errno == ENOENT else {
                    throw .system(manifestPath(of: adapter), "the adapter's manifest cannot be removed")
                }
            }
            for owner in Set(adapters.map(\.uid)) {
                let folder = "\(state.adapters)/\(owner)"
                if access(folder, F_OK) == 0 { try DurableFile.synchronise(folder: folder) }
            }
        }
        let gone = try await write { db in
            try adapters.filter { adapter in
                try db.execute(sql: "DELETE FROM adapter WHERE id = ?", arguments: [adapter.id])
                return db.changesCount > 0
            }
        }
        try await disk.run { [self] () throws(SgloradError) in
            for adapter in adapters { removeRemnants(of: adapter) }
        }
        return gone
    }

    /// Removes the adapters that an expert guided.
    ///
    /// - Returns: their identifiers.
    public func removeAdapters(guidedBy expert: String) async throws(SgloradError) -> [String] {
        let adapters = try await read { db in
            try Self.adapters(
                db, where: "id IN (SELECT adapter FROM adapterExpert WHERE digest = ?)", [expert])
        }
        return try await remove(adapters).map(\.id)
    }

    /// Removes what may lie on the disk of an adapter that has no row.
    func removeRemnants(of adapter: AdapterRecord) {
        unlink(manifestPath(of: adapter))
        DurableFile.removeTree(folder(of: adapter))
    }
}
