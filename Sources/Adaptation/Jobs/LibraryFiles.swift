internal import ErrorModel
internal import ExpertLibrary
internal import Generation
internal import LowRank

/// A library as a job file describes it: each expert with the path of its parameters' blob.
struct LibraryFiles: Codable, Sendable {
    struct Expert: Codable, Sendable {
        var name: String
        var digest: String
        var description: String
        var embedding: [Float]
        var checkpoints: [String]
        /// The path of the blob with its parameters.
        var path: String
        /// Whether it comes from another initialisation, so that it can only be merged by ΔW.
        var isForeign: Bool
    }

    var layout: AdapterLayout
    var experts: [Expert]

    init(_ library: WholeLibrary, store: LibraryStore) {
        layout = library.base.layout
        experts = library.experts.map { row in
            Expert(
                name: row.name, digest: row.digest, description: row.description,
                embedding: row.embeddingValues,
                checkpoints: row.checkpoints,
                path: store.blobs.path(of: row.parameters), isForeign: row.isForeign)
        }
    }

    /// Only the experts that share the library's gauge.
    var native: LibraryFiles {
        var result = self
        result.experts.removeAll(where: \.isForeign)
        return result
    }

    /// The same library with some blobs at other paths.
    func reading(_ paths: [String: String]) -> LibraryFiles {
        var result = self
        for index in result.experts.indices {
            result.experts[index].path = paths[result.experts[index].path] ?? result.experts[index].path
        }
        return result
    }

    /// Maps the experts' parameters and assembles the library.
    func library() throws(SgloradError) -> Library {
        var loaded: [LibraryExpert] = []
        for expert in experts {
            let parameters = try ExpertParameters(
                path: expert.path, names: expert.checkpoints, layout: layout)
            loaded.append(
                LibraryExpert(
                    name: expert.name, digest: expert.digest, description: expert.description,
                    embedding: expert.embedding,
                    mean: parameters.mean,
                    variance: parameters.variance, checkpoints: parameters.checkpoints,
                    isForeign: expert.isForeign))
        }
        return Library(layout: layout, experts: loaded)
    }
}
