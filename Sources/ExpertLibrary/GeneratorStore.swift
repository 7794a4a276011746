public import ErrorModel
public import Foundation
internal import GRDB

/// A trained generator: its own record, and the digest of the blob that is its file.
public struct StoredGenerator: Sendable, Codable, Hashable {
    /// The identifier: `g-` and the first 16 digits of the blob's digest.
    public var id: String
    /// The base model's name.
    public var base: String
    /// What the generator's file says about itself, as JSON.
    public var record: String
    /// The digest of the blob.
    public var parameters: String
    /// The blob's size in bytes.
    public var bytes: Int
    /// How long the training took; 0 for an imported one.
    public var seconds: Double
    /// When it was trained or imported.
    public var createdAt: Date
    /// The digests of the experts it was trained on.
    public var experts: [String]

    public init(
        base: String, record: String, parameters: String, bytes: Int, seconds: Double, createdAt: Date,
        experts: [String]
    ) {
        self.id = "g-\(parameters.prefix(16))"
        self.base = base
        self.record = record
        self.parameters = parameters
        self.bytes = bytes
        self.seconds = seconds
        self.createdAt = createdAt
        self.experts = experts
    }
}

/// The generators.
///
/// A generator is identified by its content. Its blob is stored before its row is written, and removed when no row
/// references it any more.
public struct GeneratorStore: Sendable {
    let resources: LibraryResources

    /// The generators of one base, or of all, newest first.
    ///
    /// - Throws: `storageFailure`.
    public func all(of base: String? = nil) async throws(SgloradError) -> [StoredGenerator] {
        try await resources.database.read { db in try GeneratorRow.all(db, of: base) }
    }

    /// The generator of an identifier.
    ///
    /// - Throws: `storageFailure`.
    public func find(_ id: String) async throws(SgloradError) -> StoredGenerator? {
        try await resources.database.read { db in try GeneratorRow.all(db).first { $0.id == id } }
    }

    /// Stores a generator's file and manifest; blocks.
    ///
    /// The caller then inserts the record.
    ///
    /// - Parameters:
    ///   - base: the base model it generates for.
    ///   - record: what the file says about itself, as JSON.
    ///   - experts: the digests of the experts it was trained on.
    ///   - seconds: how long the training took.
    ///   - write: writes the file's content to the open descriptor it is given.
    /// - Throws: `storageFailure`, or what `write` throws.
    public func store(
        base: String, record: String, experts: [String], seconds: Double,
        write: (Int32) throws(SgloradError) -> Void
    ) throws(SgloradError) -> StoredGenerator {
        let now = Date()
        func generator(_ digest: String, _ bytes: Int) -> StoredGenerator {
            StoredGenerator(
                base: base, record: record, parameters: digest, bytes: bytes, seconds: seconds,
                createdAt: now, experts: experts)
        }
        let blob = try resources.blobs.store(write: write) {
            GeneratorManifest(generator: generator($0, $1))
        }
        return generator(blob.digest, blob.bytes)
    }

    /// Adds a generator whose blob is stored; one that already exists becomes the newest.
    ///
    /// - Throws: `storageFailure`.
    public func insert(_ generator: StoredGenerator) async throws(SgloradError) {
        try await resources.database.write { db in try GeneratorRow.insert(generator, db) }
    }

    /// Removes a generator, and its blob unless another row references it.
    ///
    /// - Returns: false where there is no generator of that identifier.
    /// - Throws: `storageFailure`.
    @discardableResult
    public func remove(_ id: String) async throws(SgloradError) -> Bool {
        try await resources.removeRow { GeneratorRow.filter(GeneratorRow.Columns.id == id) }
    }
}

/// A row of `generator`; the digests of its experts are rows of `generatorExpert`.
struct GeneratorRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "generator"

    enum Columns {
        static let id = Column("id")
        static let base = Column("base")
        static let record = Column("record")
        static let parameters = Column("parameters")
        static let bytes = Column("bytes")
        static let seconds = Column("seconds")
        static let createdAt = Column("createdAt")
    }

    /// Without its experts where it was fetched.
    let generator: StoredGenerator

    init(_ generator: StoredGenerator) {
        self.generator = generator
    }

    init(row: Row) throws {
        func read<T: DatabaseValueConvertible>(_ column: Column) throws -> T {
            try row.decode(forColumn: column.name)
        }
        var generator = StoredGenerator(
            base: try read(Columns.base), record: try read(Columns.record),
            parameters: try read(Columns.parameters), bytes: try read(Columns.bytes),
            seconds: try read(Columns.seconds),
            createdAt: Date(timeIntervalSince1970: try read(Columns.createdAt)), experts: [])
        generator.id = try read(Columns.id)
        self.generator = generator
    }

    func encode(to container: inout PersistenceContainer) {
        container[Columns.id] = generator.id
        container[Columns.base] = generator.base
        container[Columns.record] = generator.record
        container[Columns.parameters] = generator.parameters
        container[Columns.bytes] = generator.bytes
        container[Columns.seconds] = generator.seconds
        container[Columns.createdAt] = generator.createdAt.timeIntervalSince1970
        container[RowChecksum.column] = generator.checksum
    }

    static func all(_ db: Database, of base: String? = nil) throws -> [StoredGenerator] {
        let experts = Dictionary(
            grouping: try GeneratorExpertRow.order(GeneratorExpertRow.Columns.digest).fetchAll(db),
            by: \.generator)
        var rows = order(Columns.createdAt.desc, Columns.id)
        if let base { rows = rows.filter(Columns.base == base) }
        return try rows.asRequest(of: Row.self).fetchAll(db).compactMap { row in
            guard var generator = try? GeneratorRow(row: row).generator else { return nil }
            generator.experts = experts[generator.id]?.map(\.digest) ?? []
            let stated = try? row.decode(String?.self, forColumn: RowChecksum.column.name)
            return stated == nil || stated == generator.checksum ? generator : nil
        }
    }

    /// Adds a generator; one that already exists gets the new creation time and training time.
    static func insert(_ generator: StoredGenerator, _ db: Database) throws {
        let known = try filter(Columns.id == generator.id).updateAll(
            db, Columns.createdAt.set(to: generator.createdAt.timeIntervalSince1970),
            Columns.seconds.set(to: generator.seconds))
        if known == 0 { try GeneratorRow(generator).insert(db) }
        for digest in generator.experts {
            try GeneratorExpertRow(generator: generator.id, digest: digest).insert(db, onConflict: .ignore)
        }
    }
}

extension GeneratorRow: CheckedRow {
    static func content(of row: Row, _ db: Database) throws -> StoredGenerator {
        var generator = try GeneratorRow(row: row).generator
        generator.experts = try GeneratorExpertRow.filter(Column("generator") == generator.id)
            .order(GeneratorExpertRow.Columns.digest).fetchAll(db).map(\.digest)
        return generator
    }

    static func checksum(of generator: StoredGenerator) -> String { generator.checksum }

    static func name(of row: Row) -> String { "generator \(row.words("id"))" }
}

extension StoredGenerator {
    /// The checksum of what it says, times left out; see `RowChecksum`.
    var checksum: String {
        var sum = RowChecksum()
        for field in [id, base, record, parameters, "\(bytes)"] { sum.add(field) }
        sum.add(Set(experts).sorted())
        return sum.text
    }
}

/// A row of `generatorExpert`: an expert that a generator was trained on.
struct GeneratorExpertRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "generatorExpert"

    enum Columns {
        static let digest = Column(CodingKeys.digest)
    }

    var generator: String
    var digest: String
}
