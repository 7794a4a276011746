internal import AdapterFormats
internal import ErrorModel
internal import Evaluation
internal import ExpertLibrary
internal import Files
internal import Generation
internal import LowRank
internal import SemanticGuidance
internal import TextEncoding

/// The job file of an evaluation's child process.
struct EvaluationJob: Codable, BlobReadingJob {
    /// The generator under evaluation.
    struct Judged: Codable, Sendable {
        /// The path of its blob.
        var path: String
        /// The digests of the experts it was trained on.
        var experts: [String]
    }

    var identity: EvaluationRun.Identity
    /// The text encoder's folder.
    var model: String
    /// How it holds its weights.
    var precision: EncoderPrecision
    var library: LibraryFiles
    /// The generator of sg-lora.
    var generator: Judged?
    /// The generators of systems that the tasks' loss trained.
    var systems: [Judged]
    /// The generator of icm-lora.
    var examples: Judged?
    /// The sizes of these generators' blobs, in bytes.
    var sizes: [GeneratorSystem: Int]
    /// How the folds' generators of sg-lora are trained: as the one under evaluation.
    var plan: TrainingPlan
    /// Whether they learn from the experts' own tasks, as the one under evaluation did.
    var isSteered: Bool
    /// Whether answers have decided that the one under evaluation leaves its network's correction out; the folds' then do, too.
    var isUncorrected: Bool
    var tasks: [EvaluationTask]
    /// The texts that the folds' generators learn from; empty for those of the tasks.
    var training: [AnsweredTexts]
    var options: EvaluationOptions
    /// What runs the base model, if the daemon does not.
    var engine: EngineJob?

    static let reportName = "report.json"

    init(
        _ whole: WholeLibrary, judged: JudgedGenerators, encoder: LoadedEncoder, store: LibraryStore,
        tasks: [EvaluationTask], training: [AnsweredTexts], options: EvaluationOptions, engine: EngineJob?
    ) {
        let generator = judged.semanticGuided
        func file(_ standing: GeneratorStanding) -> Judged {
            Judged(
                path: store.blobs.path(of: standing.row.parameters),
                experts: standing.record.experts.map(\.digest))
        }
        identity = EvaluationRun.Identity(
            base: whole.base.name, generator: judged.named?.row.id ?? generator?.row.id,
            library: whole.snapshot.digest,
            encoder: encoder.digest)
        model = encoder.folder
        precision = encoder.encoder.precision
        library = LibraryFiles(whole, store: store)
        self.generator = generator.map(file)
        systems = engine == nil ? judged.taskTrained.map(file) : []
        examples = engine == nil ? judged.exampleConditioned.map(file) : nil
        sizes = Dictionary(
            judged.all.map { ($0.record.system, $0.row.bytes) }, uniquingKeysWith: { first, _ in first })
        plan = generator?.record.plan ?? TrainingPlan()
        isSteered = generator?.record.steering != nil
        isUncorrected =
            generator?.record.verdict?.judgedBy == .engine && generator?.record.correctionShare == 0
        self.tasks = tasks
        self.training = training
        self.options = options
        self.engine = engine
    }

    /// What the answers of an engine depend on, beside the engine; where files lie is not part of it.
    var substance: String {
        get throws(SgloradError) {
            var bare = self
            bare.model = ""
            bare.library.experts = []
            bare.generator = nil
            bare.systems = []
            bare.examples = nil
            bare.sizes = [:]
            bare.options.costs = false
            bare.engine = nil
            return try JSONText.encode(bare)
        }
    }
}

extension EvaluationJob {
    var blobs: [String] {
        library.experts.map(\.path) + (generator.map { [$0.path] } ?? []) + systems.map(\.path)
            + (examples.map { [$0.path] } ?? [])
    }

    func reading(_ paths: [String: String]) -> EvaluationJob {
        var job = self
        job.library = library.reading(paths)
        if let path = generator?.path { job.generator?.path = paths[path] ?? path }
        if let path = examples?.path { job.examples?.path = paths[path] ?? path }
        for index in systems.indices {
            job.systems[index].path = paths[systems[index].path] ?? systems[index].path
        }
        return job
    }
}

/// The child process of an evaluation: reads the job, evaluates at low priority, and writes the report.
public enum EvaluationChild {
    /// Runs the job in a folder.
    ///
    /// - Returns: the exit status: 0 if the report was written, 1 if a failure was reported.
    public static func run(folder: String) -> Int32 {
        ChildWork<EvaluationProgress>.run { child throws(SgloradError) in
            let folder = JobFolder(path: folder)
            let job = try folder.job(EvaluationJob.self)
            let report = try MappedFiles.withoutLoss { () throws(SgloradError) in
                try evaluate(job, child, in: folder)
            }
            try write(JSONText.encode(report), EvaluationJob.reportName, folder)
        }
    }

    private static func evaluate(
        _ job: EvaluationJob, _ child: ChildWork<EvaluationProgress>, in folder: JobFolder
    ) throws(SgloradError) -> EvaluationReport {
        let library = try job.library.library()
        var engine: Engine?
        if let wanted = job.engine {
            engine = try Engine(
                wanted, layout: library.layout, folder: folder.path, identity: try job.substance)
        }
        let encoder = try SentenceEncoder(folder: job.model, precision: job.precision)
        let names = Set(library.native.experts.map(\.name))
        let learned =
            job.isSteered || !job.systems.isEmpty
            ? try? ContrastiveObjective(
                encoder: encoder, tasks: job.tasks, training: job.training, experts: names) : nil
        let objective = job.isSteered ? learned : nil
        let steps = try GeneratorTrainer(
            library: library.native, plan: job.plan, base: job.identity.base, encoder: job.identity.encoder,
            objective: objective
        ).steps
        let evaluation = EvaluationRun(
            job.identity, library: library, generator: try generator(job, library),
            encoder: encoder,
            options: job.options, steps: steps,
            train: { library, deterministic, step throws(SgloradError) in
                var plan = job.plan
                plan.deterministic = deterministic
                var trained = try GeneratorTrainer(
                    library: library, plan: plan, base: job.identity.base, encoder: job.identity.encoder,
                    objective: objective?.restricted(to: library.experts.map(\.name))
                ).train { progress throws(SgloradError) in step(progress) }
                if job.isUncorrected { trained.record.correctionShare = 0 }
                return trained
            }, systems: try systems(job, library, learned, encoder),
            examples: try examples(job, library, encoder),
            auto: { situation throws(SgloradError) in DefaultStrategy.choice(situation) },
            model: engine, sizes: job.sizes)
        let report = try evaluation.run(job.tasks) { progress in
            child.report(progress, always: progress.done == 0 || progress.done == progress.total)
        }
        engine?.discardKept()
        return report
    }

    private static func generator(
        _ job: EvaluationJob, _ library: Library
    ) throws(SgloradError) -> GuidedGenerator? {
        guard let judged = job.generator else { return nil }
        let (generator, own) = try read(judged, library)
        guard case .semanticGuided(let generator) = generator else {
            throw .internal("the generator of an evaluation is not one of sg-lora")
        }
        return GuidedGenerator(generator: generator, library: own)
    }

    /// The generators of other systems, with how their like are trained on the folds.
    private static func systems(
        _ job: EvaluationJob, _ library: Library, _ objective: ContrastiveObjective?,
        _ encoder: SentenceEncoder
    ) throws(SgloradError) -> [GeneratorSystem: EvaluationRun.System] {
        var systems: [GeneratorSystem: EvaluationRun.System] = [:]
        for judged in job.systems {
            guard case (.taskTrained(let generator), let own) = try read(judged, library) else { continue }
            let record = generator.record
            systems[record.system] = EvaluationRun.System(
                GuidedSystem(generator: generator, library: own), steps: record.plan.steps,
                experts: Set(objective?.experts ?? [])
            ) { library, step throws(SgloradError) in
                guard let objective else { throw .internal("a fold has no task to learn from") }
                return try SystemTrainer(
                    library: library, plan: record.plan, base: job.identity.base,
                    encoder: job.identity.encoder,
                    objective: objective.restricted(to: library.experts.map(\.name)), digest: "",
                    states: { text throws(SgloradError) in try encoder.states(of: text) }
                ).train { progress throws(SgloradError) in step(progress) }
            }
        }
        return systems
    }

    /// The generator of icm-lora, with how its like are trained.
    private static func examples(
        _ job: EvaluationJob, _ library: Library, _ encoder: SentenceEncoder
    ) throws(SgloradError) -> ExampleSystem? {
        guard let judged = job.examples, case (.icmLoRA(let generator), let own) = try read(judged, library)
        else { return nil }
        return ExampleSystem(
            GuidedExampleGenerator(generator: generator, library: own),
            experts: library.native.experts.map(\.name), tasks: job.tasks, training: job.training,
            base: job.identity.base, encoder: encoder)
    }

    /// Reads a generator, and finds the experts that it was trained on.
    private static func read(
        _ judged: EvaluationJob.Judged, _ library: Library
    ) throws(SgloradError) -> (TrainedGenerator, Library) {
        guard let own = library.subset(digests: judged.experts) else {
            throw .internal("the library of the evaluation lacks experts of a generator")
        }
        return (try GeneratorFile.read(judged.path, name: "a generator", verifying: false), own)
    }

    private static func write(_ text: String, _ name: String, _ folder: JobFolder) throws(SgloradError) {
        try DurableFile.write(Array(text.utf8), to: "\(folder.path)/\(name)", temporary: folder.path)
    }
}

/// The method that a request without a strategy would get; an evaluation reports it as `auto`.
enum DefaultStrategy {
    /// The base if the intent would be refused, otherwise the method that ``AutoStrategy`` chooses.
    static func choice(_ situation: AutoCase) -> StandardMethod {
        let proximities = situation.library.index.proximities(to: situation.embedding, by: .plain)
        let auto = AutoStrategy(situation.records, hasExamples: situation.hasExamples)
        // As a request does: a strategy without a generator of its own refuses as sg-lora does.
        let record =
            situation.records.first { $0.system == auto.strategy.system }
            ?? situation.records.first { $0.system == .sgLoRA }
        let threshold = record?.threshold ?? Relevance.standardThreshold
        guard let relevance = Relevance(plainProximities: proximities, threshold: threshold),
            !relevance.refuses
        else { return .base }
        return auto.strategy.system.map(StandardMethod.init) ?? .weightedTuned
    }
}
