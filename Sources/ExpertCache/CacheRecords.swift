public import AdapterFormats
public import Foundation
public import LowRank

/// A base model's row.
public struct BaseRecord: Sendable, Codable, Hashable {
    /// The name, unique.
    public var name: String
    /// The sites, rank and scale of its library.
    public var layout: AdapterLayout
    /// What adapters written for it repeat in their configuration.
    public var template: PEFTTemplate
    /// When it was added.
    public var createdAt: Date
    /// The digest of the blob with the factors that fix the library's gauge; nil before the first expert.
    public var reference: String?

    /// Makes a row.
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

/// An expert's row.
///
/// Its parameters are a blob.
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
    /// How many bytes the blob has.
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
    /// How far it is from the library's reference, 0 to 1.
    public var alignment: Double
    /// When it was imported.
    public var importedAt: Date

    /// Makes a row whose parameters are not stored yet.
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

    /// Numbers as ``embedding`` holds them.
    public static func embeddingData(_ values: [Float]) -> Data {
        Data(values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) })
    }
}

/// A generator's row.
///
/// Its parameters are a blob; `record` is what the file's own record says, as JSON.
public struct GeneratorRow: Sendable, Codable, Hashable {
    /// The identifier: `g-` and the first 16 digits of the blob's digest.
    public var id: String
    /// The base model's name.
    public var base: String
    /// The generator's record, as JSON.
    public var record: String
    /// The digest of the blob.
    public var parameters: String
    /// How many bytes the blob has.
    public var bytes: Int
    /// How long the training took; 0 for an imported one.
    public var seconds: Double
    /// When it was trained or imported.
    public var createdAt: Date
    /// The digests of the experts it was trained on.
    public var experts: [String]

    /// Makes a row.
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
