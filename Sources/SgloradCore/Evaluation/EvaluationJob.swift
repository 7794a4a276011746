internal import ErrorModel
internal import Evaluation
internal import ExpertCache
internal import Generation

/// What an evaluation's child process is told.
struct EvaluationJob: Codable, Sendable {
    /// The generator that is judged.
    struct Judged: Codable, Sendable {
        /// The blob that holds it.
        var path: String
        /// The digests of the experts that it was trained on.
        var experts: [String]
    }

    var identity: EvaluationRun.Identity
    /// The text encoder's folder.
    var model: String
    var library: LibraryFiles
    var generator: Judged?
    /// How the folds' generators are trained: as the judged one.
    var plan: TrainingPlan
    /// Whether they learn from the experts' own tasks, as the judged one did.
    var isSteered: Bool
    var tasks: [EvaluationTask]
    var options: EvaluationOptions
    /// Whether a page is made too.
    var html: Bool

    static let reportName = "report.json"
    static let pageName = "report.html"

    init(
        _ snapshot: BaseSnapshot, generator: GeneratorStanding?, encoder: LoadedEncoder, cache: ExpertCache,
        tasks: [EvaluationTask], options: EvaluationOptions, html: Bool
    ) {
        identity = EvaluationRun.Identity(
            base: snapshot.base.name, generator: generator?.row.id, library: snapshot.digest,
            encoder: encoder.digest)
        model = encoder.folder
        library = LibraryFiles(snapshot, cache: cache)
        self.generator = generator.map {
            Judged(path: cache.blobs.path(of: $0.row.parameters), experts: $0.record.experts.map(\.digest))
        }
        plan = generator?.record.plan ?? TrainingPlan()
        isSteered = generator?.record.steering != nil
        self.tasks = tasks
        self.options = options
        self.html = html
    }
}
