public import Foundation
internal import GRDB

/// An expert: its description, its embedding, and the digest of the blob that holds its parameters.
public struct ExpertRecord: Sendable, Codable, Hashable {
    /// The base model's name.
    public var base: String
    /// The name, unique within the base.
    public var name: String
    /// The task in plain words.
    public var description: String
    /// The digest of name, description and imported files: the expert's identity.
    public var digest: String
    /// The digest of the blob that holds mean, variance and checkpoints.
    public var parameters: String
    /// The blob's size in bytes.
    public var bytes: Int
    /// The checkpoints' names, in the blob's order; the folder's own files are the checkpoint "".
    public var checkpoints: [String]
    /// The unit embedding of the description, little-endian Float32.
    public var embedding: Data
    /// The digest of the text encoder that made the embedding.
    public var encoder: String
    /// Whether the description was longer than the encoder reads.
    public var descriptionTruncated: Bool
    /// The Euclidean norm of the mean.
    public var meanNorm: Double
    /// The mean standard deviation over the checkpoints.
    public var deviation: Double
    /// Whether it shares no gauge with the library, so that it must be merged by ΔW.
    public var isForeign: Bool
    /// Its distance from the library's reference, 0 to 1.
    public var alignment: Double
    /// When it was imported.
    public var importedAt: Date

    /// A record whose parameters are not stored yet.
    public init(
        base: String, name: String, description: String, digest: String, encoder: String, embedding: [Float],
        descriptionTruncated: Bool, importedAt: Date
    ) {
        self.base = base
        self.name = name
        self.description = description
        self.digest = digest
        self.parameters = ""
        self.bytes = 0
        self.checkpoints = []
        self.embedding = Self.embeddingData(embedding)
        self.encoder = encoder
        self.descriptionTruncated = descriptionTruncated
        self.meanNorm = 0
        self.deviation = 0
        self.isForeign = false
        self.alignment = 0
        self.importedAt = importedAt
    }

    /// The embedding as numbers.
    public var embeddingValues: [Float] {
        embedding.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
            }
        }
    }

    /// Numbers in the form of ``embedding``.
    public static func embeddingData(_ values: [Float]) -> Data {
        Data(values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) })
    }
}

/// The form within a manifest.
extension ExpertRecord {
    enum CodingKeys: String, CodingKey {
        case base, name, description, digest, parameters, bytes, checkpoints, embedding, encoder
        case descriptionTruncated, meanNorm, deviation, isForeign, alignment, importedAt
    }

    /// Decodes a record; manifests of the first version lack `isForeign` and `alignment`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        base = try container.decode(String.self, forKey: .base)
        name = try container.decode(String.self, forKey: .name)
        description = try container.decode(String.self, forKey: .description)
        digest = try container.decode(String.self, forKey: .digest)
        parameters = try container.decode(String.self, forKey: .parameters)
        bytes = try container.decode(Int.self, forKey: .bytes)
        checkpoints = try container.decode([String].self, forKey: .checkpoints)
        embedding = try container.decode(Data.self, forKey: .embedding)
        encoder = try container.decode(String.self, forKey: .encoder)
        descriptionTruncated = try container.decode(Bool.self, forKey: .descriptionTruncated)
        meanNorm = try container.decode(Double.self, forKey: .meanNorm)
        deviation = try container.decode(Double.self, forKey: .deviation)
        isForeign = try container.decodeIfPresent(Bool.self, forKey: .isForeign) ?? false
        alignment = try container.decodeIfPresent(Double.self, forKey: .alignment) ?? 0
        importedAt = try container.decode(Date.self, forKey: .importedAt)
    }
}

/// A row of `expert`; the checkpoints' names are rows of `checkpoint`.
struct ExpertRow: FetchableRecord, PersistableRecord {
    static let databaseTableName = "expert"

    enum Columns {
        static let base = Column("base")
        static let name = Column("name")
        static let description = Column("description")
        static let digest = Column("digest")
        static let parameters = Column("parameters")
        static let bytes = Column("bytes")
        static let embedding = Column("embedding")
        static let encoder = Column("encoder")
        static let descriptionTruncated = Column("descriptionTruncated")
        static let meanNorm = Column("meanNorm")
        static let deviation = Column("deviation")
        static let isForeign = Column("isForeign")
        static let alignment = Column("alignment")
        static let importedAt = Column("importedAt")
    }

    /// Without its checkpoints where it was fetched.
    private(set) var expert: ExpertRecord

    init(_ expert: ExpertRecord) {
        self.expert = expert
    }

    init(row: Row) throws {
        func read<T: DatabaseValueConvertible>(_ column: Column) throws -> T {
            try row.decode(forColumn: column.name)
        }
        expert = ExpertRecord(
            base: try read(Columns.base), name: try read(Columns.name),
            description: try read(Columns.description), digest: try read(Columns.digest),
            encoder: try read(Columns.encoder), embedding: [],
            descriptionTruncated: try read(Columns.descriptionTruncated),
            importedAt: Date(timeIntervalSince1970: try read(Columns.importedAt)))
        expert.parameters = try read(Columns.parameters)
        expert.bytes = try read(Columns.bytes)
        expert.embedding = try read(Columns.embedding)
        expert.meanNorm = try read(Columns.meanNorm)
        expert.deviation = try read(Columns.deviation)
        expert.isForeign = try read(Columns.isForeign)
        expert.alignment = try read(Columns.alignment)
    }

    func encode(to container: inout PersistenceContainer) {
        container[Columns.base] = expert.base
        container[Columns.name] = expert.name
        container[Columns.description] = expert.description
        container[Columns.digest] = expert.digest
        container[Columns.parameters] = expert.parameters
        container[Columns.bytes] = expert.bytes
        container[Columns.embedding] = expert.embedding
        container[Columns.encoder] = expert.encoder
        container[Columns.descriptionTruncated] = expert.descriptionTruncated
        container[Columns.meanNorm] = expert.meanNorm
        container[Columns.deviation] = expert.deviation
        container[Columns.isForeign] = expert.isForeign
        container[Columns.alignment] = expert.alignment
        container[Columns.importedAt] = expert.importedAt.timeIntervalSince1970
        container[RowChecksum.column] = expert.checksum
    }

    /// The row of one expert.
    static func named(_ name: String, of base: String) -> QueryInterfaceRequest<ExpertRow> {
        filter(Columns.base == base && Columns.name == name)
    }

    /// The experts of one base, or of all, by base and name.
    static func all(_ db: Database, of base: String? = nil) throws -> [ExpertRecord] {
        var rows = order(Columns.base, Columns.name)
        var checkpoints = CheckpointRow.order(
            CheckpointRow.Columns.base, CheckpointRow.Columns.expert, CheckpointRow.Columns.position)
        // Add a condition only if a base is given: no index would serve one that may be void.
        if let base {
            rows = rows.filter(Columns.base == base)
            checkpoints = checkpoints.filter(CheckpointRow.Columns.base == base)
        }
        let names = Dictionary(grouping: try checkpoints.fetchAll(db)) { [$0.base, $0.expert] }
        return try rows.asRequest(of: Row.self).fetchAll(db).compactMap { row in
            guard var expert = try? ExpertRow(row: row).expert else { return nil }
            expert.checkpoints = names[[expert.base, expert.name]]?.map(\.name) ?? []
            let stated = try? row.decode(String?.self, forColumn: RowChecksum.column.name)
            return stated == nil || stated == expert.checksum ? expert : nil
        }
    }
}

extension ExpertRow: CheckedRow {
    static func content(of row: Row, _ db: Database) throws -> ExpertRecord {
        var expert = try ExpertRow(row: row).expert
        expert.checkpoints = try CheckpointRow.filter(
            CheckpointRow.Columns.base == expert.base && CheckpointRow.Columns.expert == expert.name
        ).order(CheckpointRow.Columns.position).fetchAll(db).map(\.name)
        return expert
    }

    static func checksum(of expert: ExpertRecord) -> String { expert.checksum }

    static func name(of row: Row) -> String { "expert '\(row.words("name"))'" }

    /// Changes an expert's row, other than its base, its name and its checkpoints.
    ///
    /// - Returns: the expert as it is now; nil where there is no sound row of that name.
    @discardableResult
    static func change(
        _ name: String, of base: String, _ db: Database, _ change: (inout ExpertRecord) -> Void
    ) throws -> ExpertRecord? {
        guard let row = try named(name, of: base).asRequest(of: Row.self).fetchOne(db),
            var expert = sound(row, db)
        else { return nil }
        change(&expert)
        try ExpertRow(expert).update(db)
        return expert
    }
}

extension ExpertRecord {
    /// The checksum of what it says, times left out; see `RowChecksum`.
    var checksum: String {
        var sum = RowChecksum()
        for field in [base, name, description, digest, parameters, encoder] { sum.add(field) }
        sum.add(Array(embedding))
        sum.add(checkpoints)
        sum.add("\(bytes) \(descriptionTruncated) \(isForeign) \(alignment) \(meanNorm) \(deviation)")
        return sum.text
    }
}

/// A row of `checkpoint`: the name of one of an expert's checkpoints.
struct CheckpointRow: Codable, FetchableRecord, PersistableRecord {
    static let databaseTableName = "checkpoint"

    enum Columns {
        static let base = Column(CodingKeys.base)
        static let expert = Column(CodingKeys.expert)
        static let position = Column(CodingKeys.position)
    }

    var base: String
    var expert: String
    var position: Int
    var name: String
}
