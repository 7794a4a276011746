public import AdapterFormats
public import ErrorModel
internal import Files
public import Foundation
internal import GRDB
public import LowRank
internal import Storage
internal import Synchronization

/// A base model, and what all experts of its library share.
public struct BaseRecord: Sendable, Codable, Hashable {
    /// The name, unique.
    public var name: String
    /// The sites, rank and scale of its library.
    public var layout: AdapterLayout
    /// The settings that the configuration of every adapter written for it repeats.
    public var template: PEFTTemplate
    /// When it was added.
    public var createdAt: Date
    /// The digest of the blob with the factors that fix the library's gauge; nil before the first expert.
    public var reference: String?
    /// The names that it had before; they still lead to it.
    public var formerNames: [String]
    /// The model's own GGUF file, which names the tensors of GGUF adapters; nil if it is not known.
    public var modelFile: GGUFBase?
    /// Where that file is, for a model server; nil if that is not known.
    ///
    /// The daemon never opens it.
    public var modelPath: String?
    /// How its experts are asked and how they answer, if it is a language model and this is known.
    public var promptForm: PromptForm?

    public init(
        name: String, layout: AdapterLayout, template: PEFTTemplate, createdAt: Date,
        reference: String? = nil, formerNames: [String] = [], modelFile: GGUFBase? = nil,
        modelPath: String? = nil, promptForm: PromptForm? = nil
    ) {
        self.name = name
        self.layout = layout
        self.template = template
        self.createdAt = createdAt
        self.reference = reference
        self.formerNames = formerNames
        self.modelFile = modelFile
        self.modelPath = modelPath
        self.promptForm = promptForm
    }
}

/// The base models.
///
/// A base's name changes only by ``rename(_:to:)``. Its layout, template and reference change only together with its experts,
/// by ``ExpertStore/apply(_:)``, or with its reference alone, by ``ReferenceStore``.
public struct BaseStore: Sendable {
    let resources: LibraryResources
    /// Every request asks for its base, and decoding a layout takes longer than all else in the query.
    private let known = KnownBases()

    init(resources: LibraryResources) { self.resources = resources }

    /// All base models, by name; read from the database again only where it has changed.
    ///
    /// - Throws: `storageFailure`.
    public func all() async throws(SgloradError) -> [BaseRecord] {
        let change = resources.database.changes.value
        if let bases = known.bases(of: change) { return bases }
        let bases = try await resources.database.read { db in try BaseRow.all(db) }
        known.remember(bases, of: change)
        return bases
    }

    /// One base with its experts, from one transaction, the experts by name; nil where there is no such base.
    ///
    /// - Throws: `storageFailure`.
    public func library(_ name: String) async throws(SgloradError) -> (
        base: BaseRecord, experts: [ExpertRecord]
    )? {
        try await resources.database.read { [state = resources.state] db in
            guard let base = try BaseRow.find(db, name) else { return nil }
            let experts = try ExpertRow.all(db, of: name)
            guard try ExpertRow.filter(ExpertRow.Columns.base == name).fetchCount(db) == experts.count else {
                throw EmbeddingStore.changedRow(of: name, state)
            }
            return (base, experts)
        }
    }

    /// All base models, by name, each with whether its library has experts, from one transaction.
    ///
    /// - Throws: `storageFailure`.
    public func populations() async throws(SgloradError) -> [(base: BaseRecord, hasExperts: Bool)] {
        try await resources.database.read { db in
            try BaseRow.all(db).map { ($0, try Self.hasExperts($0.name, db)) }
        }
    }

    /// One base, and whether its library has experts, from one transaction; nil where there is no such base.
    ///
    /// - Throws: `storageFailure`.
    public func find(_ name: String) async throws(SgloradError) -> (base: BaseRecord, hasExperts: Bool)? {
        try await resources.database.read { db in
            try BaseRow.find(db, name).map { ($0, try Self.hasExperts(name, db)) }
        }
    }

    private static func hasExperts(_ name: String, _ db: Database) throws -> Bool {
        try !ExpertRow.filter(ExpertRow.Columns.base == name).isEmpty(db)
    }

    /// Sets what is known of a base's own GGUF file and where it is, of the form of its prompts, or of both; nil leaves it as it is.
    ///
    /// The caller has passed ``LibraryStore/changes``.
    ///
    /// - Returns: the base with it; nil where there is no such base.
    /// - Throws: `storageFailure`.
    ///
    /// - Parameters:
    ///   - name: the base.
    ///   - modelFile: what its GGUF file's header says.
    ///   - path: where that file is; without a path, it is no longer known where.
    ///   - promptForm: how its experts are asked and how they answer.
    public func describe(
        _ name: String, modelFile: GGUFBase? = nil, at path: String? = nil, promptForm: PromptForm? = nil
    ) async throws(SgloradError) -> BaseRecord? {
        try await resources.database.write { db in
            guard var base = try BaseRow.find(db, name) else { return nil }
            if let modelFile { (base.modelFile, base.modelPath) = (modelFile, path) }
            base.promptForm = promptForm ?? base.promptForm
            try BaseRow(base).update(
                db,
                columns: [
                    BaseRow.Columns.modelFile, BaseRow.Columns.modelPath, BaseRow.Columns.promptForm,
                    RowChecksum.column,
                ])
            return base
        }
    }

    /// Adds a base model.
    ///
    /// - Returns: false where the name is taken; the existing base stays as it is.
    /// - Throws: `storageFailure`.
    public func insert(_ base: BaseRecord) async throws(SgloradError) -> Bool {
        try await resources.database.write { db in try BaseRow.insertIfAbsent(base, db) }
    }
}

/// The base models as they were read last.
private final class KnownBases: Sendable {
    private struct State {
        var change = -1
        var bases: [BaseRecord] = []
    }

    private let state = Mutex(State())

    /// The bases, if they were read after the library's latest change; nil otherwise.
    func bases(of change: Int) -> [BaseRecord]? {
        state.withLock { $0.change == change ? $0.bases : nil }
    }

    /// - Parameter change: the library's latest change before they were read.
    func remember(_ bases: [BaseRecord], of change: Int) {
        state.withLock { state in
            if change > state.change { state = State(change: change, bases: bases) }
        }
    }
}

/// A row of `base`.
struct BaseRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "base"

    enum Columns {
        static let name = Column("name")
        static let layout = Column("layout")
        static let template = Column("template")
        static let createdAt = Column("createdAt")
        static let reference = Column("reference")
        static let formerNames = Column("formerNames")
        static let modelFile = Column("modelFile")
        static let modelPath = Column("modelPath")
        static let promptForm = Column("promptForm")
    }

    let base: BaseRecord

    init(_ base: BaseRecord) {
        self.base = base
    }

    init(row: Row) throws {
        base = BaseRecord(
            name: try row.decode(forColumn: Columns.name.name),
            layout: try JSONColumn.decode(row.decode(forColumn: Columns.layout.name)),
            template: try JSONColumn.decode(row.decode(forColumn: Columns.template.name)),
            createdAt: Date(timeIntervalSince1970: try row.decode(forColumn: Columns.createdAt.name)),
            reference: try row.decode(forColumn: Columns.reference.name),
            formerNames: try JSONColumn.decode(row.decode(forColumn: Columns.formerNames.name)),
            modelFile: try (row.decode(forColumn: Columns.modelFile.name) as String?).map {
                try JSONColumn.decode($0)
            },
            modelPath: try row.decode(forColumn: Columns.modelPath.name),
            promptForm: try (row.decode(forColumn: Columns.promptForm.name) as String?).map {
                try JSONColumn.decode($0)
            })
    }

    func encode(to container: inout PersistenceContainer) throws {
        container[Columns.name] = base.name
        container[Columns.layout] = try JSONColumn.encode(base.layout)
        container[Columns.template] = try JSONColumn.encode(base.template)
        container[Columns.createdAt] = base.createdAt.timeIntervalSince1970
        container[Columns.reference] = base.reference
        container[Columns.formerNames] = try JSONColumn.encode(base.formerNames)
        container[Columns.modelFile] = try base.modelFile.map { try JSONColumn.encode($0) }
        container[Columns.modelPath] = base.modelPath
        container[Columns.promptForm] = try base.promptForm.map { try JSONColumn.encode($0) }
        container[RowChecksum.column] = try base.checksum
    }

    static func all(_ db: Database) throws -> [BaseRecord] {
        try sound(order(Columns.name), db)
    }

    static func find(_ db: Database, _ name: String) throws -> BaseRecord? {
        try sound(filter(Columns.name == name), db).first
    }

    /// Adds a base unless its name is taken; true where it was added.
    @discardableResult
    static func insertIfAbsent(_ base: BaseRecord, _ db: Database) throws -> Bool {
        try BaseRow(base).insert(db, onConflict: .ignore)
        return db.changesCount > 0
    }
}

extension BaseRow: CheckedRow {
    static func content(of row: Row, _ db: Database) throws -> BaseRecord { try BaseRow(row: row).base }

    static func checksum(of base: BaseRecord) throws -> String { try base.checksum }

    static func name(of row: Row) -> String { "base model '\(row.words("name"))'" }

    /// Replaces the reference of a base, unless it has changed meanwhile.
    static func setReference(_ new: String?, of name: String, insteadOf old: String?, _ db: Database) throws {
        guard var base = try find(db, name), base.reference == old else { return }
        base.reference = new
        try BaseRow(base).update(db, columns: [Columns.reference, RowChecksum.column])
    }
}

extension BaseRecord {
    /// The checksum of what it says, times left out; see `RowChecksum`.
    var checksum: String {
        get throws {
            var sum = RowChecksum()
            for field in [name, try JSONColumn.encode(layout), try JSONColumn.encode(template)] {
                sum.add(field)
            }
            sum.add(reference)
            sum.add(formerNames)
            // Rows from before it existed keep their checksum.
            if let modelFile { sum.add(try JSONColumn.encode(modelFile)) }
            if let modelPath { sum.add(modelPath) }
            if let promptForm { sum.add("prompt " + (try JSONColumn.encode(promptForm))) }
            return sum.text
        }
    }
}
