internal import DurableStorage
public import ErrorModel
public import Foundation
internal import GRDB

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// An adapter that is ready to be published.
public struct AdapterDraft: Sendable {
    /// Whose it will be.
    public var uid: Int
    /// The base model's name.
    public var base: String
    /// The request that it answers.
    public var request: String
    /// The folder's files.
    public var files: [(name: String, contents: [UInt8])]
    /// The caller's own word for it.
    public var label: String?
    /// Whether the intent was cut.
    public var truncated: Bool
    /// What made it, as JSON.
    public var provenance: String
    /// The digests of the experts that guided it.
    public var experts: [String]
    /// When it is published.
    public var createdAt: Date

    /// Makes a draft.
    public init(
        uid: Int, base: String, request: String, files: [(name: String, contents: [UInt8])], label: String?,
        truncated: Bool, provenance: String, experts: [String], createdAt: Date
    ) {
        self.uid = uid
        self.base = base
        self.request = request
        self.files = files
        self.label = label
        self.truncated = truncated
        self.provenance = provenance
        self.experts = experts
        self.createdAt = createdAt
    }
}

extension ExpertCache {
    /// Where an adapter's folder is.
    public func folder(of adapter: AdapterRecord) -> String {
        "\(state.adapters)/\(adapter.uid)/\(adapter.id)"
    }

    /// Writes an adapter's folder under a temporary name, synchronises it, writes its manifest, and renames it; blocks.
    ///
    /// - Returns: what `insert` then makes visible.
    public func writeFolder(_ draft: AdapterDraft) throws(SgloradError) -> AdapterRecord {
        let record = AdapterRecord(
            id: "a-\(DurableFile.uniqueName())", uid: draft.uid, base: draft.base, request: draft.request,
            files: draft.files.map { file in
                AdapterRecord.File(
                    name: file.name, bytes: file.contents.count, digest: FileDigest.sha256(file.contents))
            }.sorted { $0.name < $1.name },
            label: draft.label, truncated: draft.truncated, provenance: draft.provenance,
            experts: draft.experts,
            createdAt: draft.createdAt)
        let owner = "\(state.adapters)/\(draft.uid)"
        if access(owner, F_OK) != 0 {
            try StateDirectory.makeFolder(owner)
            try DurableFile.synchronise(folder: state.adapters)
        }
        let temporary = "\(state.temporary)/\(record.id)"
        let final = folder(of: record)
        do throws(SgloradError) {
            try StateDirectory.makeFolder(temporary)
            for file in draft.files {
                try DurableFile.write(
                    file.contents, to: "\(temporary)/\(file.name)", temporary: temporary,
                    synchronisingFolder: false)
            }
            try DurableFile.synchronise(folder: temporary)
            try DurableFile.write(
                Manifest.encode(record), to: final + ".json", temporary: state.temporary,
                synchronisingFolder: false)
            guard rename(temporary, final) == 0 else {
                throw SgloradError.system(final, "the folder cannot get its name")
            }
            try DurableFile.synchronise(folder: owner)
        } catch {
            DurableFile.removeTree(temporary)
            removeFiles(of: record)
            throw error
        }
        return record
    }

    /// Makes a written adapter visible.
    ///
    /// - Throws: `storageFailure`; the folder is then removed.
    public func insert(_ adapter: AdapterRecord) async throws(SgloradError) {
        do {
            try await write { db in
                try db.execute(
                    sql: """
                        INSERT INTO adapter (id, uid, base, request, files, bytes, label, truncated, provenance, createdAt)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        adapter.id, adapter.uid, adapter.base, adapter.request,
                        try JSONColumn.encode(adapter.files), adapter.bytes, adapter.label, adapter.truncated,
                        adapter.provenance, adapter.createdAt.timeIntervalSince1970,
                    ])
                for digest in adapter.experts {
                    try db.execute(
                        sql: "INSERT OR IGNORE INTO adapterExpert (adapter, digest) VALUES (?, ?)",
                        arguments: [adapter.id, digest])
                }
            }
        } catch {
            removeFiles(of: adapter)
            throw error
        }
    }

    /// Published adapters, newest first.
    ///
    /// - Parameters:
    ///   - uid: whose; nil for everyone's.
    ///   - base: of which base model; nil for those of every one.
    ///   - label: with which label; nil for those with any and with none.
    public func adapters(
        uid: Int?, base: String? = nil, label: String? = nil
    ) async throws(SgloradError) -> [AdapterRecord] {
        try await read { db in
            try Self.adapters(
                db,
                where:
                    "(uid = ?1 OR ?1 IS NULL) AND (base = ?2 OR ?2 IS NULL) AND (label = ?3 OR ?3 IS NULL)",
                [uid, base, label])
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

    /// Removes the adapters that an expert guided, rows first.
    ///
    /// - Returns: their identifiers.
    public func removeAdapters(guidedBy expert: String) async throws(SgloradError) -> [String] {
        let removed = try await write { db in
            let adapters = try Self.adapters(
                db, where: "id IN (SELECT adapter FROM adapterExpert WHERE digest = ?)", [expert])
            for adapter in adapters {
                try db.execute(sql: "DELETE FROM adapter WHERE id = ?", arguments: [adapter.id])
            }
            return adapters
        }
        for adapter in removed { removeFiles(of: adapter) }
        return removed.map(\.id)
    }

    private func removeFiles(of adapter: AdapterRecord) {
        let folder = folder(of: adapter)
        unlink(folder + ".json")
        DurableFile.removeTree(folder)
    }

    private static func adapters(
        _ db: Database, where condition: String, _ arguments: StatementArguments
    ) throws -> [AdapterRecord] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM adapter WHERE \(condition) ORDER BY createdAt DESC, id",
            arguments: arguments
        ).map { row in
            let id: String = row["id"]
            return AdapterRecord(
                id: id, uid: row["uid"], base: row["base"], request: row["request"],
                files: try JSONColumn.decode(row["files"]), label: row["label"], truncated: row["truncated"],
                provenance: row["provenance"],
                experts: try String.fetchAll(
                    db, sql: "SELECT digest FROM adapterExpert WHERE adapter = ? ORDER BY digest",
                    arguments: [id]),
                createdAt: Date(timeIntervalSince1970: row["createdAt"]))
        }
    }
}
