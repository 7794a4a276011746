internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import Generation
internal import LowRank

/// What a training's child process is told, as `job.json` in a folder of its own, and what it says on standard output.
struct TrainingJob: Codable, Sendable {
    /// One expert of the library.
    struct Expert: Codable, Sendable {
        var name: String
        var digest: String
        var embedding: [Float]
        var checkpoints: [String]
        /// The blob with its parameters.
        var path: String
    }

    /// A line on the child's standard output.
    enum Report: Codable, Sendable {
        case progress(step: Int, total: Int, loss: Float)
        case failed(SgloradError)
        case written
    }

    var base: String
    var encoder: String
    var layout: AdapterLayout
    var plan: TrainingPlan
    var experts: [Expert]

    static let fileName = "job.json"
    static let resultName = "generator.safetensors"

    init(_ snapshot: BaseSnapshot, plan: TrainingPlan, encoder: String, cache: ExpertCache) {
        base = snapshot.base.name
        self.encoder = encoder
        layout = snapshot.base.layout
        self.plan = plan
        experts = snapshot.experts.map { row in
            Expert(
                name: row.name, digest: row.digest, embedding: row.embeddingValues,
                checkpoints: row.checkpoints,
                path: cache.blobs.path(of: row.parameters))
        }
    }

    /// The library that the job speaks of, its parameters mapped.
    func library() throws(SgloradError) -> Library {
        var loaded: [LibraryExpert] = []
        for expert in experts {
            let parameters = try ExpertParameters(
                path: expert.path, names: expert.checkpoints, layout: layout)
            loaded.append(
                LibraryExpert(
                    name: expert.name, digest: expert.digest, embedding: expert.embedding,
                    mean: parameters.mean,
                    variance: parameters.variance, checkpoints: parameters.checkpoints))
        }
        return Library(layout: layout, experts: loaded)
    }
}
