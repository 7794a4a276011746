internal import ErrorModel
internal import ExpertCache
internal import Generation
internal import LowRank

/// A library as a job speaks of it: each expert with the blob that holds its parameters.
struct LibraryFiles: Codable, Sendable {
    /// One expert.
    struct Expert: Codable, Sendable {
        var name: String
        var digest: String
        var embedding: [Float]
        var checkpoints: [String]
        /// The blob with its parameters.
        var path: String
        /// Whether it can be merged by ΔW only.
        var isForeign: Bool
    }

    var layout: AdapterLayout
    var experts: [Expert]

    init(_ snapshot: BaseSnapshot, cache: ExpertCache) {
        layout = snapshot.base.layout
        experts = snapshot.experts.map { row in
            Expert(
                name: row.name, digest: row.digest, embedding: row.embeddingValues,
                checkpoints: row.checkpoints,
                path: cache.blobs.path(of: row.parameters), isForeign: row.isForeign)
        }
    }

    /// The files of the experts that share the library's gauge.
    var native: LibraryFiles {
        var result = self
        result.experts.removeAll(where: \.isForeign)
        return result
    }

    /// The library, its parameters mapped.
    func library() throws(SgloradError) -> Library {
        var loaded: [LibraryExpert] = []
        for expert in experts {
            let parameters = try ExpertParameters(
                path: expert.path, names: expert.checkpoints, layout: layout)
            loaded.append(
                LibraryExpert(
                    name: expert.name, digest: expert.digest, embedding: expert.embedding,
                    mean: parameters.mean,
                    variance: parameters.variance, checkpoints: parameters.checkpoints,
                    isForeign: expert.isForeign))
        }
        return Library(layout: layout, experts: loaded)
    }
}
