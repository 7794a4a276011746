internal import AdapterFormats
internal import ErrorModel
internal import Evaluation
internal import ExpertLibrary
internal import Files
internal import Generation
internal import LowRank
internal import TextEncoding

/// The job file of a training's child process.
struct TrainingJob: Codable, BlobReadingJob {
    /// A progress report of the child.
    struct Progress: Codable, Sendable {
        /// `training`, or a stage of `AnsweredTraining`.
        var stage: String
        var step: Int
        var total: Int
        var loss: Float?
    }

    var base: String
    var encoder: String
    var plan: TrainingPlan
    var library: LibraryFiles
    /// The experts' own tasks, to judge on and, unless there are other texts, to learn from; empty to train on the parameters
    /// alone.
    var tasks: [EvaluationTask]
    /// The texts to learn from; empty for those of the tasks.
    var training: [AnsweredTexts]
    /// The text encoder's folder.
    var model: String
    /// How it holds its weights.
    var precision: EncoderPrecision
    /// What runs the base model, if the daemon does not and it is to judge.
    var engine: EngineJob?

    static let resultName = "generator.safetensors"

    init(
        _ whole: WholeLibrary, plan: TrainingPlan, tasks: [EvaluationTask], training: [AnsweredTexts],
        encoder: LoadedEncoder, store: LibraryStore, engine: EngineJob?
    ) {
        base = whole.base.name
        self.encoder = encoder.digest
        self.tasks = tasks
        self.training = training
        model = encoder.folder
        precision = encoder.encoder.precision
        self.plan = plan
        library = LibraryFiles(whole, store: store).native
        self.engine = engine
    }

    /// What the answers of an engine depend on, beside the engine; where files lie is not part of it.
    var substance: String {
        get throws(SgloradError) {
            var bare = self
            bare.model = ""
            bare.library.experts = []
            bare.engine = nil
            return try library.experts.map(\.digest).joined(separator: " ") + "\n" + JSONText.encode(bare)
        }
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
        let generator: TrainedGenerator
        if let engine = job.engine {
            generator = .semanticGuided(try answered(job, by: engine, child, in: folder))
        } else {
            generator = try judged(job, child)
        }
        let file = try DurableFile(in: folder.path)
        try GeneratorFile.write(generator, to: file.descriptor, path: TrainingJob.resultName)
        try file.commit(as: "\(folder.path)/\(TrainingJob.resultName)")
    }

    /// Trains a generator for a base model that an engine runs, which chooses its guidance and judges it.
    private static func answered(
        _ job: TrainingJob, by wanted: EngineJob, _ child: ChildWork<TrainingJob.Progress>,
        in folder: JobFolder
    ) throws(SgloradError) -> SemanticGuidedGenerator {
        let library = try job.library.library()
        let engine = try Engine(
            wanted, layout: library.layout, folder: folder.path, identity: try job.substance)
        let training = try AnsweredTraining(
            library: library, plan: job.plan, base: job.base, digest: job.encoder, tasks: job.tasks,
            encoder: try SentenceEncoder(folder: job.model, precision: job.precision), model: engine)
        let generator = try training.run { stage, done, total, loss in
            child.report(
                TrainingJob.Progress(stage: stage.rawValue, step: done, total: total, loss: loss),
                always: done == 1 || done == total)
        }
        engine.discardKept()
        return generator
    }

    private static func judged(
        _ job: TrainingJob, _ child: ChildWork<TrainingJob.Progress>
    ) throws(SgloradError) -> TrainedGenerator {
        let library = try job.library.library()
        let readsTexts = !job.tasks.isEmpty || !job.training.isEmpty
        let training = try PlannedTraining(
            library: library, plan: job.plan, base: job.base, digest: job.encoder, tasks: job.tasks,
            training: job.training, texts: try TaskDigest.of(job.tasks, job.training),
            encoder: readsTexts ? try SentenceEncoder(folder: job.model, precision: job.precision) : nil)
        let total = training.steps
        return try training.run { step, loss throws(SgloradError) in
            child.report(
                TrainingJob.Progress(stage: "training", step: step, total: total, loss: loss),
                always: step == 1 || step == total)
        }
    }
}
