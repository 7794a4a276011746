public import Foundation

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
