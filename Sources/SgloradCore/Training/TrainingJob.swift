internal import ErrorModel
internal import ExpertCache
internal import Generation

/// What a training's child process is told.
struct TrainingJob: Codable, Sendable {
    /// What the child reports.
    struct Progress: Codable, Sendable {
        var step: Int
        var total: Int
        var loss: Float
    }

    var base: String
    var encoder: String
    var plan: TrainingPlan
    var library: LibraryFiles

    static let resultName = "generator.safetensors"

    init(_ snapshot: BaseSnapshot, plan: TrainingPlan, encoder: String, cache: ExpertCache) {
        base = snapshot.base.name
        self.encoder = encoder
        self.plan = plan
        library = LibraryFiles(snapshot, cache: cache)
    }
}
