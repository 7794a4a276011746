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
    /// Where an adapter's folder is.
    public func folder(of adapter: AdapterRecord) -> String {
        state.folder(of: adapter)
    }

    /// Writes an adapter's folder under a temporary name, synchronises it, writes its manifest, and renames it; blocks.
    ///
    /// - Returns: what `insert` then makes visible.
    public func writeFolder(_ draft: AdapterDraft) throws(SgloradError) -> AdapterRecord {
        let record = AdapterRecord(
            draft, id: "a-\(DurableFile.uniqueName())",
            files: draft.files.map { file in
                AdapterRecord.File(
                    name: file.name, bytes: file.contents.count, digest: FileDigest.sha256(file.contents))
            }.sorted { $0.name < $1.name })
        let owner = try state.userFolder(draft.uid)
        let temporary = "\(state.temporary)/\(record.id)"
        let final = folder(of: record)
        do throws(SgloradError) {
            try StateDirectory.makeFolder(temporary)
            try state.share(folder: temporary, with: draft.uid)
            for draftFile in draft.files {
                let file = try DurableFile(in: temporary)
                try file.write(draftFile.contents)
                // Before it is synchronised, so that no crash leaves it closed to its owner.
                state.share(file.descriptor, with: draft.uid, folder: false)
                try file.commit(as: "\(temporary)/\(draftFile.name)", synchronisingFolder: false)
            }
            try DurableFile.synchronise(folder: temporary)
            try writeManifest(of: record, synchronisingFolder: false)
            guard rename(temporary, final) == 0 else {
                throw SgloradError.system(final, "the folder cannot get its name")
            }
            try DurableFile.synchronise(folder: owner)
        } catch {
            DurableFile.removeTree(temporary)
            removeRemnants(of: record)
            throw error
        }
        return record
    }

    /// Writes what stands beside an adapter's folder: all that its row can be made again from; blocks.
    func writeManifest(of adapter: AdapterRecord, synchronisingFolder: Bool = true) throws(SgloradError) {
        try DurableFile.write(
            Manifest.encode(adapter), to: manifestPath(of: adapter), temporary: state.temporary,
            synchronisingFolder: synchronisingFolder)
    }

    func manifestPath(of adapter: AdapterRecord) -> String { folder(of: adapter) + ".json" }

    /// Makes a written adapter visible.
    ///
    /// - Throws: `storageFailure`; the folder is then removed.
    public func insert(_ adapter: AdapterRecord) async throws(SgloradError) {
        do {
            try await write { db in try adapter.insert(db) }
        } catch {
            removeRemnants(of: adapter)
            throw error
        }
    }

    /// Published adapters, newest first.
    ///
    /// - Parameters:
    ///   - uid: whose; nil for everyone's.
    ///   - base: of which base model; nil for those of every one.
    ///   - label: with which label; nil for those with any and with none.
    ///   - limit: how many at most; nil for all.
    public func adapters(
        uid: Int?, base: String? = nil, label: String? = nil, limit: Int? = nil
    ) async throws(SgloradError) -> [AdapterRecord] {
        try await read { db in
            // No word of what is not asked for: a condition that may be none would be served by no index.
            var conditions = ["TRUE"]
            var arguments = StatementArguments()
            if let uid {
                conditions.append("uid = ?")
                arguments += [uid]
            }
            if let base {
                conditions.append("base = ?")
                arguments += [base]
            }
            if let label {
                conditions.append("label = ?")
                arguments += [label]
            }
            return try Self.adapters(
                db, where: conditions.joined(separator: " AND "), arguments, limit: limit)
        }
    }

    /// The adapter of an identifier.
    public func adapter(_ id: String) async throws(SgloradError) -> AdapterRecord? {
        try await read { db in try Self.adapters(db, where: "id = ?", [id]).first }
    }

    /// The adapter that answers a request.
    public func adapter(request: String) async throws(SgloradError) -> AdapterRecord? {
        try await read { db in try Self.adapters(db, where: "request = ?", [request]).first }
    }

    static func adapters(
        _ db: Database, where condition: String, _ arguments: StatementArguments, limit: Int? = nil
    ) throws -> [AdapterRecord] {
        // Two statements, however many adapters there are: verification reads all of them. Both choose the same ones.
        let chosen = "FROM adapter WHERE \(condition) ORDER BY createdAt DESC, id LIMIT ?"
        // SQLite takes a limit below zero for none.
        let arguments = arguments + [limit ?? -1]
        var experts: [String: [String]] = [:]
        for row in try Row.fetchAll(
            db,
            sql: """
                SELECT adapter, digest FROM adapterExpert
                WHERE adapter IN (SELECT id \(chosen)) ORDER BY adapter, digest
                """, arguments: arguments)
        {
            experts[row["adapter"], default: []].append(row["digest"])
        }
        return try Row.fetchAll(db, sql: "SELECT * \(chosen)", arguments: arguments)
            .map { row in try AdapterRecord(row: row, experts: experts[row["id"]] ?? []) }
    }
}

extension StateDirectory {
    /// Where an adapter's folder is.
    func folder(of adapter: AdapterRecord) -> String {
        "\(adapters)/\(adapter.uid)/\(adapter.id)"
    }
}
