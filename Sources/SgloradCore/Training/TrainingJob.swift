internal import ErrorModel
internal import Evaluation
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
    /// The experts' own tasks, where they are to be learned from.
    var tasks: [EvaluationTask]
    /// The text encoder's folder.
    var model: String

    static let resultName = "generator.safetensors"

    init(
        _ snapshot: BaseSnapshot, plan: TrainingPlan, tasks: [EvaluationTask], encoder: LoadedEncoder,
        cache: ExpertCache
    ) {
        base = snapshot.base.name
        self.encoder = encoder.digest
        self.tasks = tasks
        model = encoder.folder
        self.plan = plan
        library = LibraryFiles(snapshot, cache: cache).native
    }
}
