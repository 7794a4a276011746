public import AdapterFormats
public import ErrorModel
public import Foundation
internal import GRDB
public import LowRank

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

    public init(
        name: String, layout: AdapterLayout, template: PEFTTemplate, createdAt: Date, reference: String? = nil
    ) {
        self.name = name
        self.layout = layout
        self.template = template
        self.createdAt = createdAt
        self.reference = reference
    }
}

/// The base models.
///
/// A base's name, template and creation time never change. Its layout and reference change only together with its experts,
/// by ``ExpertStore/apply(_:)``, or with its reference alone, by ``ReferenceStore``.
public struct BaseStore: Sendable {
    let resources: LibraryResources

    /// All base models, by name.
    ///
    /// - Throws: `storageFailure`.
    public func all() async throws(SgloradError) -> [BaseRecord] {
        try await resources.database.read { db in try BaseRow.all(db) }
    }

    /// One base with its experts, from one transaction, the experts by name; nil where there is no such base.
    ///
    /// - Throws: `storageFailure`.
    public func library(_ name: String) async throws(SgloradError) -> (
        base: BaseRecord, experts: [ExpertRecord]
    )? {
        try await resources.database.read { db in
            guard let base = try BaseRow.find(db, name) else { return nil }
            return (base, try ExpertRow.all(db, of: name))
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

/// A row of `base`.
struct BaseRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "base"

    enum Columns {
        static let name = Column("name")
        static let layout = Column("layout")
        static let template = Column("template")
        static let createdAt = Column("createdAt")
        static let reference = Column("reference")
    }

    let base: BaseRecord

    init(_ base: BaseRecord) {
        self.base = base
    }

    init(row: Row) throws {
        base = BaseRecord(
            name: row[Columns.name], layout: try JSONColumn.decode(row[Columns.layout]),
            template: try JSONColumn.decode(row[Columns.template]),
            createdAt: Date(timeIntervalSince1970: row[Columns.createdAt]), reference: row[Columns.reference])
    }

    func encode(to container: inout PersistenceContainer) throws {
        container[Columns.name] = base.name
        container[Columns.layout] = try JSONColumn.encode(base.layout)
        container[Columns.template] = try JSONColumn.encode(base.template)
        container[Columns.createdAt] = base.createdAt.timeIntervalSince1970
        container[Columns.reference] = base.reference
    }

    static func all(_ db: Database) throws -> [BaseRecord] {
        try order(Columns.name).fetchAll(db).map(\.base)
    }

    static func find(_ db: Database, _ name: String) throws -> BaseRecord? {
        try filter(Columns.name == name).fetchOne(db)?.base
    }

    /// Adds a base unless its name is taken; true where it was added.
    @discardableResult
    static func insertIfAbsent(_ base: BaseRecord, _ db: Database) throws -> Bool {
        try BaseRow(base).insert(db, onConflict: .ignore)
        return db.changesCount > 0
    }
}
