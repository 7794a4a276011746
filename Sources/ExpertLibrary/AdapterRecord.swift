public import Files
public import Foundation
internal import GRDB
internal import Storage

/// An adapter that is ready to be published.
public struct AdapterDraft: Sendable {
    /// The user it is for.
    public var uid: UserID
    /// The base model's name.
    public var base: String
    /// The request that it answers.
    public var request: String
    /// The folder's files.
    public var files: [(name: String, contents: [UInt8])]
    /// A name that the user gave it.
    public var label: String?
    /// Whether the intent was truncated.
    public var truncated: Bool
    /// How it was made, as JSON.
    public var provenance: String
    /// The digests of the experts that guided it.
    public var experts: [String]
    /// When it is published.
    public var createdAt: Date

    public init(
        uid: UserID, base: String, request: String, files: [(name: String, contents: [UInt8])],
        label: String?, truncated: Bool, provenance: String, experts: [String], createdAt: Date
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

/// A published adapter.
public struct AdapterRecord: Sendable, Hashable {
    /// A file of the adapter's folder.
    public struct File: Sendable, Codable, Hashable {
        /// The name within the folder.
        public var name: String
        /// The size in bytes.
        public var bytes: Int
        /// The SHA-256 of the content.
        public var digest: String
    }

    /// The identifier, which is also the folder's name.
    public var id: String
    /// The user it belongs to.
    public var uid: UserID
    /// The base model's name.
    public var base: String
    /// The request that it answers.
    public var request: String
    /// The folder's files, sorted by name.
    public var files: [File]
    /// A name that the user gave it.
    public var label: String?
    /// Whether the intent was truncated.
    public var truncated: Bool
    /// How it was made, as JSON.
    public var provenance: String
    /// The digests of the experts that guided it.
    public var experts: [String]
    /// When it was published.
    public var createdAt: Date
    /// Whether it is never evicted.
    public var isPinned = false
    /// The name by which model servers know it; nil if none does.
    ///
    /// No two adapters have the same.
    public var publishedAs: String?
    /// When it was last shown or read; its publication counts as the first use.
    public var usedAt: Date

    /// Whether it stays, whatever else is evicted.
    public var isKept: Bool { isPinned || publishedAs != nil }
    /// The bytes of all files.
    public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

    /// The record of a draft under an identifier.
    init(_ draft: AdapterDraft, id: String, files: [File]) {
        self.id = id
        uid = draft.uid
        base = draft.base
        request = draft.request
        self.files = files
        label = draft.label
        truncated = draft.truncated
        provenance = draft.provenance
        experts = draft.experts
        createdAt = draft.createdAt
        usedAt = draft.createdAt
    }
}

/// The form within the manifest beside the folder; `usedAt` is kept in the database only.
extension AdapterRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case id, uid, base, request, files, label, truncated, provenance, experts, createdAt, isPinned
        case publishedAs
    }

    /// Decodes a manifest; those of the first version lack `isPinned`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        uid = try container.decode(UserID.self, forKey: .uid)
        base = try container.decode(String.self, forKey: .base)
        request = try container.decode(String.self, forKey: .request)
        files = try container.decode([File].self, forKey: .files)
        label = try container.decodeIfPresent(String.self, forKey: .label)
        truncated = try container.decode(Bool.self, forKey: .truncated)
        provenance = try container.decode(String.self, forKey: .provenance)
        experts = try container.decode([String].self, forKey: .experts)
        createdAt = try container.decode(Date.self, forKey: .createdAt)
        isPinned = try container.decodeIfPresent(Bool.self, forKey: .isPinned) ?? false
        publishedAs = try container.decodeIfPresent(String.self, forKey: .publishedAs)
        usedAt = createdAt
    }

    /// Encodes a manifest.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        try container.encode(uid, forKey: .uid)
        try container.encode(base, forKey: .base)
        try container.encode(request, forKey: .request)
        try container.encode(files, forKey: .files)
        try container.encodeIfPresent(label, forKey: .label)
        try container.encode(truncated, forKey: .truncated)
        try container.encode(provenance, forKey: .provenance)
        try container.encode(experts, forKey: .experts)
        try container.encode(createdAt, forKey: .createdAt)
        if isPinned { try container.encode(isPinned, forKey: .isPinned) }
        try container.encodeIfPresent(publishedAs, forKey: .publishedAs)
    }
}

extension AdapterRecord {
    /// From a row of `adapter`, without the experts' digests.
    fileprivate init(row: Row) throws {
        typealias Columns = AdapterRow.Columns
        id = try row.decode(forColumn: Columns.id.name)
        uid = try row.decode(UserID.self, forColumn: Columns.uid.name)
        base = try row.decode(forColumn: Columns.base.name)
        request = try row.decode(forColumn: Columns.request.name)
        files = try JSONColumn.decode(row.decode(forColumn: Columns.files.name))
        label = try row.decode(forColumn: Columns.label.name)
        truncated = try row.decode(forColumn: Columns.truncated.name)
        provenance = try row.decode(forColumn: Columns.provenance.name)
        createdAt = Date(timeIntervalSince1970: try row.decode(forColumn: Columns.createdAt.name))
        isPinned = try row.decode(forColumn: Columns.isPinned.name)
        publishedAs = try row.decode(forColumn: Columns.publishedAs.name)
        usedAt = Date(timeIntervalSince1970: try row.decode(forColumn: Columns.usedAt.name))
        experts = []
    }
}

/// A row of `adapter`; the digests of the experts that guided it are rows of `adapterExpert`.
struct AdapterRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "adapter"

    enum Columns {
        static let id = Column("id")
        static let uid = Column("uid")
        static let base = Column("base")
        static let request = Column("request")
        static let files = Column("files")
        static let bytes = Column("bytes")
        static let label = Column("label")
        static let truncated = Column("truncated")
        static let provenance = Column("provenance")
        static let createdAt = Column("createdAt")
        static let isPinned = Column("isPinned")
        static let publishedAs = Column("publishedAs")
        static let usedAt = Column("usedAt")
    }

    /// Without its experts where it was fetched.
    let adapter: AdapterRecord
    /// When it was published and last used; nil where it was fetched.
    private let ages: AdapterAges?

    private init(_ adapter: AdapterRecord, _ ages: AdapterAges?) {
        (self.adapter, self.ages) = (adapter, ages)
    }

    init(row: Row) throws {
        self.init(try AdapterRecord(row: row), nil)
    }

    func encode(to container: inout PersistenceContainer) throws {
        container[Columns.id] = adapter.id
        container[Columns.uid] = adapter.uid
        container[Columns.base] = adapter.base
        container[Columns.request] = adapter.request
        container[Columns.files] = try JSONColumn.encode(adapter.files)
        container[Columns.bytes] = adapter.bytes
        container[Columns.label] = adapter.label
        container[Columns.truncated] = adapter.truncated
        container[Columns.provenance] = adapter.provenance
        container[Columns.createdAt] = adapter.createdAt.timeIntervalSince1970
        container[Columns.isPinned] = adapter.isPinned
        container[Columns.publishedAs] = adapter.publishedAs
        container[Columns.usedAt] = adapter.usedAt.timeIntervalSince1970
        container[RowChecksum.column] = adapter.checksum
        if let ages {
            container[AdapterAges.createdAge] = ages.created
            container[AdapterAges.usedAge] = ages.used
        }
    }

    /// The row of the adapter with a published name.
    static func published(as name: String) -> QueryInterfaceRequest<AdapterRow> {
        filter(Columns.publishedAs == name)
    }

    /// The row of an identifier.
    static func identified(_ id: String) -> QueryInterfaceRequest<AdapterRow> { filter(Columns.id == id) }

    /// Adds an adapter with the digests of its experts.
    ///
    /// - Parameters:
    ///   - adapter: the adapter.
    ///   - ages: when it was published and last used.
    ///   - db: the database, within a transaction.
    static func insert(_ adapter: AdapterRecord, _ ages: AdapterAges, _ db: Database) throws {
        var adapter = adapter
        // Of two manifests with one name, as an interrupted change of names leaves them, the row's adapter keeps it.
        if let name = adapter.publishedAs, try !published(as: name).isEmpty(db) { adapter.publishedAs = nil }
        try AdapterRow(adapter, ages).insert(db)
        let statement = try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO adapterExpert (adapter, digest) VALUES (?, ?)")
        for digest in adapter.experts { try statement.execute(arguments: [adapter.id, digest]) }
    }

    /// The column by which one adapter is found.
    enum Key: String {
        case id, request
    }

    /// The adapter of an identifier or a request; nil where there is none, or its row is damaged.
    ///
    /// Every request looks for adapters several times, hence the cached statements.
    static func find(_ value: String, by key: Key, _ db: Database) throws -> AdapterRecord? {
        let statement = try db.cachedStatement(sql: "SELECT * FROM adapter WHERE \(key.rawValue) = ?")
        guard let row = try Row.fetchOne(statement, arguments: [value]) else { return nil }
        return sound(row, db)
    }

    private static func experts(of adapter: String, _ db: Database) throws -> [String] {
        let statement = try db.cachedStatement(
            sql: "SELECT digest FROM adapterExpert WHERE adapter = ? ORDER BY digest")
        return try String.fetchAll(statement, arguments: [adapter])
    }
}

extension QueryInterfaceRequest<AdapterRow> {
    /// The adapters of the rows, newest first, each with its experts' digests, sorted.
    ///
    /// - Parameter limit: how many at most; nil for all.
    func fetchAdapters(_ db: Database, limit: Int? = nil) throws -> [AdapterRecord] {
        var chosen = order(AdapterRow.Columns.createdAt.desc, AdapterRow.Columns.id)
        if let limit { chosen = chosen.limit(limit) }
        // Two statements, however many adapters there are: verification reads all of them.
        let ids = chosen.select(AdapterRow.Columns.id)
        let experts = Dictionary(
            grouping: try AdapterExpertRow.filter(ids.contains(AdapterExpertRow.Columns.adapter))
                .order(AdapterExpertRow.Columns.adapter, AdapterExpertRow.Columns.digest).fetchAll(db),
            by: \.adapter)
        return try chosen.asRequest(of: Row.self).fetchAll(db).compactMap { row in
            AdapterRow.sound(row) { experts[$0]?.map(\.digest) ?? [] }
        }
    }
}

extension AdapterRow: CheckedRow {
    static func content(of row: Row, _ db: Database) throws -> AdapterRecord {
        var adapter = try AdapterRow(row: row).adapter
        adapter.experts = try experts(of: adapter.id, db)
        return adapter
    }

    static func checksum(of adapter: AdapterRecord) -> String { adapter.checksum }

    static func name(of row: Row) -> String { "adapter \(row.words("id"))" }

    /// The adapter of a row, with its experts from elsewhere; nil where it does not match its checksum.
    fileprivate static func sound(_ row: Row, experts: (String) -> [String]) -> AdapterRecord? {
        guard var adapter = try? AdapterRow(row: row).adapter else { return nil }
        adapter.experts = experts(adapter.id)
        guard let stated = try? row.decode(String?.self, forColumn: RowChecksum.column.name) else {
            return adapter
        }
        return adapter.checksum == stated ? adapter : nil
    }

    /// Changes an adapter; nothing happens where there is no sound row of the identifier.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    static func change(_ id: String, _ db: Database, _ change: (inout AdapterRecord) -> Void) throws -> Bool {
        guard var adapter = try identified(id).fetchAdapters(db).first else { return false }
        change(&adapter)
        try identified(id).updateAll(
            db, Columns.label.set(to: adapter.label), Columns.isPinned.set(to: adapter.isPinned),
            Columns.publishedAs.set(to: adapter.publishedAs),
            RowChecksum.column.set(to: adapter.checksum))
        return true
    }
}

extension AdapterRecord {
    /// The checksum of what it says, times left out; see `RowChecksum`.
    var checksum: String {
        var sum = RowChecksum()
        for field in [id, "\(uid)", base, request, provenance] { sum.add(field) }
        sum.add(label)
        sum.add(files.flatMap { [$0.name, "\($0.bytes)", $0.digest] })
        sum.add(Set(experts).sorted())
        sum.add("\(truncated) \(isPinned)")
        // Rows from before there were names keep their checksum.
        if let publishedAs { sum.add(publishedAs) }
        return sum.text
    }
}

/// A row of `adapterExpert`: an expert that guided an adapter.
struct AdapterExpertRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "adapterExpert"

    enum Columns {
        static let adapter = Column(CodingKeys.adapter)
        static let digest = Column(CodingKeys.digest)
    }

    var adapter: String
    var digest: String
}
