internal import AdapterFormats
internal import ErrorModel
internal import Evaluation
internal import ExpertLibrary
internal import Files
internal import Generation
internal import TextEncoding

/// The job file of a training's child process.
struct TrainingJob: Codable, BlobReadingJob {
    /// A progress report of the child.
    struct Progress: Codable, Sendable {
        var step: Int
        var total: Int
        var loss: Float
    }

    var base: String
    var encoder: String
    var plan: TrainingPlan
    var library: LibraryFiles
    /// The experts' own tasks to learn from; empty to train on the parameters alone.
    var tasks: [EvaluationTask]
    /// The text encoder's folder.
    var model: String
    /// How it holds its weights.
    var precision: EncoderPrecision

    static let resultName = "generator.safetensors"

    init(
        _ whole: WholeLibrary, plan: TrainingPlan, tasks: [EvaluationTask], encoder: LoadedEncoder,
        store: LibraryStore
    ) {
        base = whole.base.name
        self.encoder = encoder.digest
        self.tasks = tasks
        model = encoder.folder
        precision = encoder.encoder.precision
        self.plan = plan
        library = LibraryFiles(whole, store: store).native
    }
}

extension TrainingJob {
    var blobs: [String] { library.experts.map(\.path) }

    func reading(_ paths: [String: String]) -> TrainingJob {
        var job = self
        job.library = library.reading(paths)
        return job
    }
}

/// The child process of a training: reads the job, trains at low priority, and writes the generator.
public enum TrainingChild {
    /// Runs the job in a folder.
    ///
    /// - Returns: the exit status: 0 if the generator was written, 1 if a failure was reported.
    public static func run(folder: String) -> Int32 {
        ChildWork<TrainingJob.Progress>.run { child throws(SgloradError) in
            try MappedFiles.withoutLoss { () throws(SgloradError) in
                try train(JobFolder(path: folder), child)
            }
        }
    }

    private static func train(
        _ folder: JobFolder, _ child: ChildWork<TrainingJob.Progress>
    ) throws(SgloradError) {
        let job = try folder.job(TrainingJob.self)
        let training = try JudgedTraining(
            library: try job.library.library(), plan: job.plan, base: job.base, digest: job.encoder,
            tasks: job.tasks,
            encoder: job.tasks.isEmpty
                ? nil : try SentenceEncoder(folder: job.model, precision: job.precision))
        let total = training.steps
        let generator = try training.run { step, loss throws(SgloradError) in
            child.report(
                TrainingJob.Progress(step: step, total: total, loss: loss),
                always: step == 1 || step == total)
        }
        let file = try DurableFile(in: folder.path)
        try GeneratorFile.write(generator, to: file.descriptor, path: TrainingJob.resultName)
        try file.commit(as: "\(folder.path)/\(TrainingJob.resultName)")
    }
}
