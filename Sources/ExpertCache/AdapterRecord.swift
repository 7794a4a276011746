public import Foundation

/// A published adapter's row.
public struct AdapterRecord: Sendable, Hashable {
    /// A file of the adapter's folder.
    public struct File: Sendable, Codable, Hashable {
        /// The name within the folder.
        public var name: String
        /// How many bytes.
        public var bytes: Int
        /// The SHA-256 of the content.
        public var digest: String
    }

    /// The identifier, which is also the folder's name.
    public var id: String
    /// Whose it is.
    public var uid: Int
    /// The base model's name.
    public var base: String
    /// The request that it answers.
    public var request: String
    /// The folder's files, sorted by name.
    public var files: [File]
    /// The caller's own word for it.
    public var label: String?
    /// Whether the intent was cut.
    public var truncated: Bool
    /// What made it, as JSON.
    public var provenance: String
    /// The digests of the experts that guided it.
    public var experts: [String]
    /// When it was published.
    public var createdAt: Date
    /// Whether it is never evicted.
    public var isPinned = false
    /// When it was last shown or read; when it was published, where it never was.
    public var usedAt: Date

    /// The bytes of all files.
    public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

    /// The row of a draft under an identifier.
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

/// As the manifest beside the folder says it: when it was last used is the row's alone.
extension AdapterRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case id, uid, base, request, files, label, truncated, provenance, experts, createdAt, isPinned
    }

    /// Decodes a manifest; those of the first versions know nothing of pins.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        uid = try container.decode(Int.self, forKey: .uid)
        base = try container.decode(String.self, forKey: .base)
        request = try container.decode(String.self, forKey: .request)
        files = try container.decode([File].self, forKey: .files)
        label = try container.decodeIfPresent(String.self, forKey: .label)
        truncated = try container.decode(Bool.self, forKey: .truncated)
        provenance = try container.decode(String.self, forKey: .provenance)
        experts = try container.decode([String].self, forKey: .experts)
        createdAt = try container.decode(Date.self, forKey: .createdAt)
        isPinned = try container.decodeIfPresent(Bool.self, forKey: .isPinned) ?? false
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
    }
}
