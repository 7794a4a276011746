internal import ExpertLibrary
internal import Files
package import Generation
internal import LowRank
internal import SemanticGuidance

/// A base model with its library and generators at one moment.
///
/// It knows the experts by their embeddings alone. What else is needed of an expert is read when it guides: see
/// `LibrarySnapshots`.
package struct BaseSnapshot: Sendable {
    /// The generator of a system that serves, with the experts it was trained on.
    package struct Serving: Sendable {
        package let generator: TrainedGenerator
        let library: SnapshotLibrary
        package let id: String
        package var digest: String { library.digest }
    }

    let base: BaseRecord
    let library: SnapshotLibrary
    /// Newest first.
    let generators: [GeneratorStanding]
    /// The generator of each system that has one which is not disabled: its newest.
    let serving: [GeneratorSystem: Serving]
    /// What `auto` takes for a request without examples, and for one with some: chosen once, since it compares the generators'
    /// results expert by expert.
    private let automatic: (without: AutoStrategy, with: AutoStrategy)

    init(
        base: BaseRecord, library: SnapshotLibrary, generators: [GeneratorStanding],
        serving: [GeneratorSystem: Serving]
    ) {
        self.base = base
        self.library = library
        self.generators = generators
        self.serving = serving
        let records = GeneratorSystem.allCases.compactMap { serving[$0]?.generator.record }
        automatic = (AutoStrategy(records), AutoStrategy(records, hasExamples: true))
    }

    /// The strategy that `auto` resolves to, and the reason.
    func automatic(hasExamples: Bool) -> AutoStrategy { hasExamples ? automatic.with : automatic.without }

    /// The digest of all experts.
    var digest: String { library.digest }

    /// The digest of a library: SHA-256 over its experts' sorted digests.
    package static func digest(of experts: [String]) -> String {
        FileDigest.sha256(experts.sorted().joined(separator: "\n").utf8)
    }
}

/// The experts of a base that may guide, in the order of their names: all, or those that a generator was trained on.
struct SnapshotLibrary: Sendable {
    let base: BaseRecord
    /// The digest of the experts.
    let digest: String
    /// The experts' embeddings, to be searched.
    let index: ExpertIndex
    /// The embeddings of all experts of the base.
    let embeddings: LibraryEmbeddings
    /// For each expert its place in ``embeddings``; nil where they are the same.
    private let places: [Int]?

    /// All experts of a base.
    init(_ base: BaseRecord, _ embeddings: LibraryEmbeddings, digest: String) {
        self.base = base
        self.digest = digest
        self.embeddings = embeddings
        places = nil
        index = ExpertIndex(embeddings.rows)
    }

    /// The experts that a generator was trained on, in its order; nil if one of them is missing.
    ///
    /// - Parameters:
    ///   - whole: all experts of the base.
    ///   - record: the generator's.
    ///   - keys: the keys of its experts, by their digests.
    ///   - known: the places of experts of the base, by their keys.
    init?(
        _ whole: SnapshotLibrary, of record: GeneratorRecord, _ keys: [String: UInt64],
        at known: [UInt64: Int]
    ) {
        let digests = record.experts.map(\.digest)
        let places = digests.compactMap { keys[$0].flatMap { known[$0] } }
        guard places.count == digests.count else { return nil }
        base = whole.base
        digest = BaseSnapshot.digest(of: digests)
        embeddings = whole.embeddings
        self.places = places
        index = ExpertIndex(embeddings.rows.selecting(places))
    }

    /// How many experts.
    var count: Int { index.count }

    /// The place of an expert in ``embeddings``.
    func place(of expert: Int) -> Int { places?[expert] ?? expert }

    /// How many experts share the library's gauge.
    var native: Int { (0..<count).count { !embeddings.isForeign(place(of: $0)) } }
}

extension LibraryEmbeddings {
    /// The vectors, to be searched.
    var rows: EmbeddingRows {
        EmbeddingRows(numbers, stride: stride, dimension: dimension, places: places)
    }

    /// The places of the experts with some keys, by key.
    func places(of keys: Set<UInt64>) -> [UInt64: Int] {
        var found: [UInt64: Int] = [:]
        for expert in 0..<count {
            let key = identity(expert).key
            if keys.contains(key) { found[key] = expert }
        }
        return found
    }
}
