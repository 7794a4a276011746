internal import ErrorModel
internal import Executors
internal import Files
internal import Foundation
internal import GRDB

/// Rows of an earlier version, which have no checksum: each gets one after it was compared with its manifest.
struct UncheckedRows: Sendable {
    let resources: LibraryResources

    /// Compares the rows and gives them checksums; where a manifest says otherwise, it counts.
    ///
    /// - Throws: `storageFailure`.
    func check() async throws(SgloradError) {
        try await checkAdapters()
        try await checkExperts()
        try await resources.database.write { db in
            for (base, _) in try BaseRow.unchecked(db) { try BaseRow(base).update(db) }
            for (generator, _) in try GeneratorRow.unchecked(db) { try GeneratorRow(generator).update(db) }
        }
    }

    private func checkAdapters() async throws(SgloradError) {
        let rows = try await resources.database.read { db in try AdapterRow.unchecked(db).map(\.content) }
        guard !rows.isEmpty else { return }
        let folders = AdapterFolders(state: resources.state)
        let right = await resources.files.run {
            rows.map { row -> AdapterRecord in
                guard var stated = Manifest.read(AdapterRecord.self, folders.manifestPath(of: row)),
                    stated.id == row.id, stated.checksum != row.checksum
                else { return row }
                stated.usedAt = row.usedAt
                return stated
            }
        }
        let time = resources.time
        try await resources.database.write { db in
            for (old, new) in zip(rows, right) {
                guard old != new else {
                    try AdapterRow.identified(old.id).updateAll(db, RowChecksum.column.set(to: old.checksum))
                    continue
                }
                try AdapterRow.identified(old.id).deleteAll(db)
                let age = time.age(atWall: new.createdAt.timeIntervalSince1970)
                try AdapterRow.insert(new, AdapterAges(published: age), db)
            }
        }
    }

    private func checkExperts() async throws(SgloradError) {
        let rows = try await resources.database.read { db in try ExpertRow.unchecked(db).map(\.content) }
        guard !rows.isEmpty else { return }
        let manifests = await resources.files.run { [blobs = resources.blobs] in
            rows.map { Manifest.read(ExpertManifest.self, blobs.manifestPath(of: $0.parameters))?.expert }
        }
        let right = zip(rows, manifests).map { row, manifest in manifest.map { Self.right(row, $0) } ?? row }
        let bases = try await resources.database.write { db in
            for expert in right { try ExpertRow(expert).update(db) }
            return try BaseRow.all(db)
        }
        for (expert, manifest) in zip(right, manifests) where manifest?.checksum != expert.checksum {
            guard let base = bases.first(where: { $0.name == expert.base }) else { continue }
            try? await resources.writeManifest(of: expert, base)
        }
    }

    /// The row as it should be, given its manifest.
    ///
    /// An earlier version left the manifest as it was when it aligned the library or changed the text encoder.
    private static func right(_ row: ExpertRecord, _ manifest: ExpertRecord) -> ExpertRecord {
        guard manifest.base == row.base, manifest.name == row.name else { return row }
        var right = row
        (right.description, right.digest, right.checkpoints) = (
            manifest.description, manifest.digest, manifest.checkpoints
        )
        if manifest.encoder == row.encoder { right.embedding = manifest.embedding }
        return right
    }
}
