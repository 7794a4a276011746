internal import ErrorModel
internal import Executors
internal import Files
internal import Foundation
internal import GRDB
internal import Storage

/// The repair of a damaged row: it is replaced by what the manifest beside its files says.
///
/// Where there is no such manifest, the files are moved to quarantine and the row is removed, so that nothing is answered from
/// it.
struct RowRepair: Sendable {
    let row: DamagedRow
    let resources: LibraryResources
    let adapters: AdapterStore

    private var database: LibraryDatabase { resources.database }

    /// Repairs the row, if it is still damaged.
    ///
    /// - Returns: whether something was done.
    /// - Throws: `storageFailure`.
    func run() async throws(SgloradError) -> Bool {
        guard try await repair() else { return false }
        try await database.write { db in
            try LibraryState.recompute(db)
            try AdapterUsage.recompute(db)
        }
        return true
    }

    private func repair() async throws(SgloradError) -> Bool {
        let number = row.number
        switch row.table {
        case BaseRow.databaseTableName: return try await repairBase()
        case AdapterRow.databaseTableName: return try await repairAdapter()
        case ExpertRow.databaseTableName:
            return try await repairBlobRow { db in try Self.remove(number, ExpertRow.self, db) }
        case GeneratorRow.databaseTableName:
            return try await repairBlobRow { db in try Self.remove(number, GeneratorRow.self, db) }
        default: return false
        }
    }

    /// Removes a row that is still damaged.
    ///
    /// - Returns: the row; nil where it is sound by now, or gone.
    private static func remove<Table: CheckedRow>(_ number: Int64, _: Table.Type, _ db: Database) throws
        -> Row?
    {
        guard try Table.damaged(db).contains(where: { $0.number == number }) else { return nil }
        let row = try Row.fetchOne(
            db, sql: "SELECT * FROM \(Table.databaseTableName) WHERE rowid = ?", arguments: [number])
        try db.execute(sql: "DELETE FROM \(Table.databaseTableName) WHERE rowid = ?", arguments: [number])
        return row
    }

    /// Rebuilds a base's row from its experts' manifests.
    private func repairBase() async throws(SgloradError) -> Bool {
        let known = await resources.files.run { [resources] in
            ManifestCollection(resources.state, resources.blobs).bases
        }
        let number = row.number
        return try await database.write { db in
            try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
            let sound = try BaseRow.all(db).map(\.name)
            guard let old = try Self.remove(number, BaseRow.self, db) else { return false }
            let name = old.words("name")
            let found = known.first { $0.name == name } ?? known.first { !sound.contains($0.name) }
            if let found { try BaseRow(found).insert(db) }
            return true
        }
    }

    /// Replaces the row of an expert or a generator from the manifests.
    private func repairBlobRow(
        _ remove: @escaping @Sendable (Database) throws -> Row?
    ) async throws(SgloradError) -> Bool {
        let old = try await database.write { db -> (isRemoved: Bool, blob: String) in
            let old = try remove(db)
            try OrphanedRows.remove(db)
            return (old != nil, old?.words("parameters") ?? "")
        }
        guard old.isRemoved else { return false }
        let adopted = try await LostRows(resources: resources).adopt()
        if adopted.isEmpty { try await quarantine(blob: old.blob) }
        return true
    }

    private func quarantine(blob: String) async throws(SgloradError) {
        guard blob.utf8.count == 64, Path.isPlainName(blob) else { return }
        let inventory = try await LibraryIntegrity(resources: resources, adapters: adapters).inventory()
        guard !inventory.blobs.keys.contains(blob) else { return }
        let remedy = "Import the expert again, or train the generator again."
        try await resources.files.run { [row, resources] () throws(SgloradError) in
            _ = try Quarantine(resources.state).move(
                [resources.blobs.path(of: blob), resources.blobs.manifestPath(of: blob)],
                as: row.fileName,
                reason: "\(row.name): its row and its manifest were damaged. \(remedy)")
        }
    }

    /// Replaces an adapter's row by its manifest, which is found by either of its identifiers.
    private func repairAdapter() async throws(SgloradError) -> Bool {
        let number = row.number
        let old = try await database.write {
            db -> (isThere: Bool, id: String, request: String, uid: UserID?) in
            let old = try Self.remove(number, AdapterRow.self, db)
            try OrphanedRows.remove(db)
            let uid = (try? old?.decode(Int.self, forColumn: "uid")).flatMap { UserID(exactly: $0) }
            return (old != nil, old?.words("id") ?? "", old?.words("request") ?? "", uid)
        }
        guard old.isThere else { return false }
        let orphan = try await adapters.orphans().first { $0.id == old.id || $0.request == old.request }
        if let orphan {
            try await adapters.adopt(orphan)
            return true
        }
        guard Path.isPlainName(old.id), let uid = old.uid else { return true }
        let folder = "\(resources.state.owner(uid))/\(old.id)"
        try await resources.files.run { [row, resources] () throws(SgloradError) in
            // Not the manifest: neither the user nor the label may outlive the adapter.
            guard Folder.exists(folder) else { return }
            try Quarantine(resources.state).move(
                [folder], as: row.fileName,
                reason:
                    "\(row.name): its row and its manifest were damaged. Request it again: the same intent, options "
                    + "and seed give the same adapter.")
        }
        return true
    }
}

extension DamagedRow {
    /// What its item in the quarantine is called.
    fileprivate var fileName: String { name.filter { $0.isLetter || $0.isNumber || $0 == "-" } }
}

/// Rows of lists whose owner is gone or has another name.
enum OrphanedRows {
    /// Removes them; the owner's checksum then differs, and its row is repaired with its list.
    static func remove(_ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM checkpoint WHERE (base, expert) NOT IN (SELECT base, name FROM expert);
                DELETE FROM generatorExpert WHERE generator NOT IN (SELECT id FROM generator);
                DELETE FROM adapterExpert WHERE adapter NOT IN (SELECT id FROM adapter);
                """)
    }
}

/// Experts and generators whose files and manifests are sound and which have no row, although no call removed them.
struct LostRows: Sendable {
    let resources: LibraryResources

    /// Gives them their rows again.
    ///
    /// - Returns: what was adopted, in words.
    /// - Throws: `storageFailure`.
    func adopt() async throws(SgloradError) -> [String] {
        let found = await resources.files.run { [resources] in
            ManifestCollection(resources.state, resources.blobs)
        }
        return try await resources.database.write { db in
            let layouts = Dictionary(
                try BaseRow.all(db).map { ($0.name, $0.layout) }, uniquingKeysWith: { first, _ in first })
            var adopted: [String] = []
            for manifest in found.latestExperts where layouts[manifest.expert.base] == manifest.layout {
                let expert = manifest.expert
                let isKnown = try !ExpertRow.filter(
                    ExpertRow.Columns.base == expert.base
                        && (ExpertRow.Columns.name == expert.name
                            || ExpertRow.Columns.digest == expert.digest)
                ).isEmpty(db)
                if isKnown { continue }
                try ExpertStore.insert(expert, db)
                adopted.append("expert '\(expert.name)'")
            }
            for generator in found.generators where layouts[generator.base] != nil {
                let isKnown = try !GeneratorRow.filter(GeneratorRow.Columns.id == generator.id).isEmpty(db)
                if isKnown { continue }
                try GeneratorRow.insert(generator, db)
                adopted.append("generator \(generator.id)")
            }
            return adopted
        }
    }
}
