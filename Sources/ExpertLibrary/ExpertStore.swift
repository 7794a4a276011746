public import ErrorModel
internal import GRDB
public import LowRank

/// The experts.
///
/// - A name and a digest are each unique within a base.
/// - An expert's blob is stored before its row is written, and removed when no row references it any more.
/// - All experts of a base lie on the base's layout: a change of rank replaces every blob in one transaction.
public struct ExpertStore: Sendable {
    let resources: LibraryResources

    /// The experts of one base, or of all, by base and name.
    ///
    /// - Throws: `storageFailure`.
    public func all(of base: String? = nil) async throws(SgloradError) -> [ExpertRecord] {
        try await resources.database.read { db in try ExpertRow.all(db, of: base) }
    }

    /// The expert of a name.
    ///
    /// - Returns: nil where the base has none of that name.
    /// - Throws: `storageFailure`.
    public func find(_ name: String, base: String) async throws(SgloradError) -> ExpertRecord? {
        try await resources.database.read { db in
            try ExpertRow.sound(ExpertRow.named(name, of: base), db).first
        }
    }

    /// The experts of some rows.
    ///
    /// - Parameter rows: the numbers of the rows.
    /// - Returns: those that exist, by the number of their row.
    /// - Throws: `storageFailure`, also where one of the rows has changed otherwise than by the library.
    public func find(rows: [Int64]) async throws(SgloradError) -> [Int64: ExpertRecord] {
        guard !rows.isEmpty else { return [:] }
        return try await resources.database.read { [state = resources.state] db in
            var found: [Int64: ExpertRecord] = [:]
            for number in rows {
                // One at a time: the statement stays prepared, and a plan for many could be another.
                let row = try Row.fetchOne(
                    db, sql: "SELECT * FROM expert WHERE rowid = ?", arguments: [number])
                guard let row else { continue }
                guard let expert = ExpertRow.sound(row, db) else {
                    throw EmbeddingStore.changedRow(of: row.words("base"), state)
                }
                found[number] = expert
            }
            return found
        }
    }

    /// Stores an expert's parameters and manifest; blocks.
    ///
    /// The caller then inserts the record.
    ///
    /// - Parameters:
    ///   - parameters: the blob's content.
    ///   - expert: the record; its `parameters`, `bytes`, `checkpoints`, `meanNorm` and `deviation` are filled in.
    ///   - base: the base's record, whose layout and template the manifest repeats.
    /// - Returns: the completed record.
    /// - Throws: `storageFailure`.
    public func store(
        _ parameters: ExpertParameters, of expert: ExpertRecord, base: BaseRecord
    ) throws(SgloradError) -> ExpertRecord {
        var stored = expert
        stored.checkpoints = parameters.names
        stored.meanNorm = parameters.meanNorm
        stored.deviation = parameters.deviation
        let template = stored
        let blob = try resources.blobs.store { descriptor throws(SgloradError) in
            try parameters.write(
                of: expert.name, base: expert.base, to: descriptor,
                path: "the parameters of expert '\(expert.name)'")
        } manifest: { digest, bytes in
            var record = template
            record.parameters = digest
            record.bytes = bytes
            return ExpertManifest(expert: record, layout: base.layout, template: base.template)
        }
        stored.parameters = blob.digest
        stored.bytes = blob.bytes
        return stored
    }

    /// Maps an expert's parameters; blocks.
    ///
    /// - Throws: `invalidFile` if the blob is damaged or missing.
    public func parameters(
        of expert: ExpertRecord, on layout: AdapterLayout
    ) throws(SgloradError) -> ExpertParameters {
        try ExpertParameters(
            path: resources.blobs.path(of: expert.parameters), names: expert.checkpoints, layout: layout)
    }

    /// Adds an expert whose blob is stored, and its base if it is the first.
    ///
    /// - Throws: `alreadyExists` where another expert has the name, or another name the same content; `storageFailure`.
    public func insert(_ expert: ExpertRecord, creating base: BaseRecord?) async throws(SgloradError) {
        try await resources.database.write { db in
            if let base { try BaseRow.insertIfAbsent(base, db) }
            try Self.insert(expert, db)
        }
    }

    static func insert(_ expert: ExpertRecord, _ db: Database) throws {
        typealias Columns = ExpertRow.Columns
        let clash = try ExpertRow.filter(
            Columns.base == expert.base
                && (Columns.name == expert.name || Columns.digest == expert.digest)
        ).select(Columns.name, as: String.self).fetchOne(db)
        if let clash {
            throw SgloradError(
                .alreadyExists,
                "The library of '\(expert.base)' already has the expert '\(clash)'. Remove it first with "
                    + "'sglorad-ctl expert remove \(clash)', or choose another name.",
                parameters: ["kind": .string("expert"), "name": .string(clash)])
        }
        try ExpertRow(expert).insert(db)
        for (position, name) in expert.checkpoints.enumerated() {
            try CheckpointRow(base: expert.base, expert: expert.name, position: position, name: name)
                .insert(db)
        }
    }

    /// Replaces the embedding of an expert's description, after the text encoder was changed.
    ///
    /// - Throws: `storageFailure`.
    public func update(
        embedding: [Float], encoder: String, truncated: Bool, ofExpert name: String, base: String
    ) async throws(SgloradError) {
        let data = ExpertRecord.embeddingData(embedding)
        let changed = try await resources.database.write { db -> (ExpertRecord, BaseRecord)? in
            let expert = try ExpertRow.change(name, of: base, db) { expert in
                expert.embedding = data
                expert.encoder = encoder
                expert.descriptionTruncated = truncated
            }
            guard let expert, let base = try BaseRow.find(db, base) else { return nil }
            return (expert, base)
        }
        // A manifest that cannot be written now is rewritten by the next verification.
        if let (expert, base) = changed { try? await resources.writeManifest(of: expert, base) }
    }

    /// Applies a change in one transaction, and then removes the blobs that it leaves unreferenced.
    ///
    /// - Returns: false where the library has changed since the change was prepared; nothing is applied then.
    /// - Throws: `alreadyExists` as ``insert(_:creating:)``; `storageFailure`.
    public func apply(_ change: LibraryChange) async throws(SgloradError) -> Bool {
        let isApplied = try await resources.database.write { [state = resources.state] db in
            let before = try LibraryState.find(db, change.after.name)
            guard try change.apply(db) else { return false }
            try EmbeddingStore.append(change.expert, since: before, in: state, db)
            return true
        }
        if isApplied { await resources.removeUnreferenced(blobs: change.oldBlobs) }
        return isApplied
    }

    /// Removes the blobs of a change that was not applied.
    public func discard(_ change: LibraryChange) async {
        await resources.removeUnreferenced(blobs: change.newBlobs)
    }

    /// Removes an expert, and its blob unless another row references it.
    ///
    /// - Returns: false where there is no expert of that name.
    /// - Throws: `storageFailure`.
    public func remove(_ name: String, base: String) async throws(SgloradError) -> Bool {
        try await resources.removeRow { ExpertRow.named(name, of: base) }
    }
}
