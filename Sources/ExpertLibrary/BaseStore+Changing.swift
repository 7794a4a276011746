internal import AdapterFormats
public import ErrorModel
internal import Executors
internal import GRDB

/// What ``BaseStore/remove(_:mayHaveExperts:)`` removed with a base.
public struct BaseRemoval: Sendable {
    /// The base.
    public let base: BaseRecord
    /// Its experts, by name.
    public let experts: [ExpertRecord]
    /// Its generators, newest first.
    public let generators: [StoredGenerator]
}

extension BaseStore {
    /// Removes a base with its experts and generators, and then their blobs.
    ///
    /// Published adapters stay. The caller has passed ``LibraryStore/changes``.
    ///
    /// - Parameters:
    ///   - name: the base.
    ///   - mayHaveExperts: false to remove the base only if its library is empty.
    /// - Returns: what was removed; nil where there is no such base, or it has experts and may not.
    /// - Throws: `storageFailure`.
    public func remove(_ name: String, mayHaveExperts: Bool) async throws(SgloradError) -> BaseRemoval? {
        let removal = try await resources.database.writeFreeing { db -> BaseRemoval? in
            guard let base = try BaseRow.find(db, name) else { return nil }
            let experts = try ExpertRow.all(db, of: name)
            guard experts.isEmpty || mayHaveExperts else { return nil }
            let generators = try GeneratorRow.all(db, of: name)
            try ExpertRow.filter(ExpertRow.Columns.base == name).deleteAll(db)
            try GeneratorRow.filter(GeneratorRow.Columns.base == name).deleteAll(db)
            try BaseRow.filter(BaseRow.Columns.name == name).deleteAll(db)
            return BaseRemoval(base: base, experts: experts, generators: generators)
        }
        guard let removal else { return nil }
        await resources.removeUnreferenced(
            blobs: removal.experts.map(\.parameters) + removal.generators.map(\.parameters)
                + (removal.base.reference.map { [$0] } ?? []))
        return removal
    }

    /// Gives a base another name; the old one still leads to it.
    ///
    /// The blobs of the experts and of the reference name their base and are stored again before the rows change. A
    /// generator's blob is its identity and stays; only its manifest is written anew. Experts keep their digests, so that
    /// generators stay valid. The caller has passed ``LibraryStore/changes``.
    ///
    /// - Returns: the base under its new name; nil where there is no base `old`.
    /// - Throws: `alreadyExists` if another base has the new name; `invalidFile` for a damaged blob; `storageFailure`.
    public func rename(_ old: String, to new: String) async throws(SgloradError) -> BaseRecord? {
        guard let (base, experts) = try await library(old) else { return nil }
        var renamed = base
        renamed.name = new
        renamed.formerNames = base.formerNames.filter { $0 != new } + [old]
        // The template repeats the name only where the adapter's configuration had the same, or none.
        if renamed.template.baseModelName == old { renamed.template.baseModelName = new }
        let target = renamed
        let (moved, reference) = try await resources.files.run {
            () throws(SgloradError) -> ([ExpertRecord], String?) in
            var moved: [ExpertRecord] = []
            let store = ExpertStore(resources: resources)
            for expert in experts {
                var record = expert
                record.base = new
                moved.append(
                    try store.store(
                        try store.parameters(of: expert, on: base.layout), of: record, base: target))
            }
            let references = ReferenceStore(resources: resources)
            let reference = try references.find(of: base)
            return (
                moved,
                try reference.map { (found) throws(SgloradError) in
                    try references.store(found, ofBase: new)
                }
            )
        }
        renamed.reference = reference
        let final = renamed
        let clash = try await resources.database.write { db -> Bool in
            guard try BaseRow.find(db, new) == nil else { return true }
            try BaseRow(final).insert(db)
            for expert in moved { try Self.move(expert, from: old, db) }
            for var generator in try GeneratorRow.all(db, of: old) {
                generator.base = new
                try GeneratorRow(generator).update(db)
            }
            try BaseRow.filter(BaseRow.Columns.name == old).deleteAll(db)
            return false
        }
        guard !clash else {
            await resources.removeUnreferenced(
                blobs: moved.map(\.parameters) + (reference.map { [$0] } ?? []))
            throw .baseExists(new)
        }
        await resources.removeUnreferenced(
            blobs: experts.map(\.parameters) + (base.reference.map { [$0] } ?? []))
        let generators = try await GeneratorStore(resources: resources).all(of: new)
        try await resources.files.run { () throws(SgloradError) in
            for generator in generators {
                try resources.blobs.writeManifest(
                    GeneratorManifest(generator: generator), of: generator.parameters)
            }
        }
        return final
    }

    /// Moves an expert's row to its record's base, with its checkpoints.
    private static func move(_ expert: ExpertRecord, from old: String, _ db: Database) throws {
        try ExpertRow.named(expert.name, of: old).deleteAll(db)
        try ExpertStore.insert(expert, db)
    }
}

extension SgloradError {
    /// A base whose name is taken.
    public static func baseExists(_ name: String) -> SgloradError {
        SgloradError(
            .alreadyExists, "There is already a base '\(name)'. Choose another name.",
            parameters: ["kind": .string("base"), "name": .string(name)])
    }
}
