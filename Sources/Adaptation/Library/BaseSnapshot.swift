internal import ExpertLibrary
internal import Files
package import Generation
internal import LowRank

/// A base model with its library and generators at one moment.
package struct BaseSnapshot: Sendable {
    /// The generator that serves `sg-lora`, with the experts it was trained on.
    package struct Serving: Sendable {
        package let generator: SemanticGuidedGenerator
        package let library: Library
        package let digest: String
        package let id: String
    }

    let base: BaseRecord
    /// The experts' rows, sorted by name like ``library``.
    let experts: [ExpertRecord]
    let library: Library
    /// The digest of all experts.
    let digest: String
    /// Newest first.
    let generators: [GeneratorStanding]
    let serving: Serving?

    /// The digest of a library: SHA-256 over its experts' sorted digests.
    package static func digest(of experts: [String]) -> String {
        FileDigest.sha256(experts.sorted().joined(separator: "\n").utf8)
    }
}
