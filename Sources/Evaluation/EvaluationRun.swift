public import ErrorModel
public import Generation
public import TextEncoding

/// Compares the methods of ``StandardMethod`` on retrieval tasks, with the base model itself: by its embeddings where the
/// box runs it, otherwise by the answers of whatever does.
public struct EvaluationRun: Sendable {
    /// Trains a generator on a library.
    ///
    /// The second argument says whether to train without a latent; the third is called after every step.
    public typealias Training =
        @Sendable (Library, Bool, (GeneratorTrainer.Progress) -> Void) throws(SgloradError) ->
        SemanticGuidedGenerator

    /// A generator that was trained by the tasks' loss, to be judged on held-out tasks, with how the folds' are trained.
    public struct System: Sendable {
        let guided: GuidedSystem
        let steps: Int
        let experts: Set<String>
        let train:
            @Sendable (Library, (GeneratorTrainer.Progress) -> Void) throws(SgloradError) ->
                TaskTrainedGenerator

        /// Describes a system.
        ///
        /// - Parameters:
        ///   - guided: the generator with its library.
        ///   - steps: the number of steps of one training, for the progress.
        ///   - experts: the names of the experts whose tasks it learns from; a fold without any is not trained.
        ///   - train: trains a generator like it on a library; its second argument is called after every step.
        public init(
            _ guided: GuidedSystem, steps: Int, experts: Set<String>,
            train:
                @escaping @Sendable (Library, (GeneratorTrainer.Progress) -> Void) throws(SgloradError) ->
                TaskTrainedGenerator
        ) {
            self.guided = guided
            self.steps = steps
            self.experts = experts
            self.train = train
        }

        /// Whether a library leaves enough to learn from.
        func canTrain(_ library: Library) -> Bool {
            library.experts.count >= 2 && library.experts.contains { experts.contains($0.name) }
        }
    }

    /// What was evaluated, for the report.
    public struct Identity: Sendable, Hashable, Codable {
        /// The base model's name.
        public var base: String
        /// The generator's id; nil if there is none.
        public var generator: String?
        /// The digest of the library.
        public var library: String
        /// The digest of the text encoder.
        public var encoder: String

        /// Creates the identity.
        public init(base: String, generator: String?, library: String, encoder: String) {
            self.base = base
            self.generator = generator
            self.library = library
            self.encoder = encoder
        }
    }

    let identity: Identity
    let library: Library
    let generator: GuidedGenerator?
    let encoder: SentenceEncoder
    let options: EvaluationOptions
    let steps: Int
    let train: Training
    let systems: [GeneratorSystem: System]
    let examples: ExampleSystem?
    let auto: AutoChoice
    let model: (any AnsweringModel)?
    let sizes: [GeneratorSystem: Int]

    /// Prepares an evaluation.
    ///
    /// - Parameters:
    ///   - identity: what is evaluated, for the report.
    ///   - library: all experts of the base.
    ///   - generator: the generator to judge on held-out tasks; if nil, the methods that need one are not
    ///     judged there.
    ///   - encoder: the text encoder, which must be the base model itself unless there is a `model`.
    ///   - options: the methods, the parts and the seed.
    ///   - steps: the number of steps of one training, for the progress.
    ///   - train: trains the generators of the folds.
    ///   - systems: the generators that were trained by the tasks' loss; those of other systems are not judged.
    ///   - examples: the generator of icm-lora, judged with examples of the tasks; nil for none.
    ///   - auto: the default strategy.
    ///   - model: what answers the tasks' queries; nil to rank texts with the encoder.
    ///   - sizes: the sizes of the generators' files, in bytes, for the report.
    public init(
        _ identity: Identity, library: Library, generator: GuidedGenerator?, encoder: SentenceEncoder,
        options: EvaluationOptions, steps: Int, train: @escaping Training,
        systems: [GeneratorSystem: System] = [:], examples: ExampleSystem? = nil,
        auto: @escaping AutoChoice,
        model: (any AnsweringModel)? = nil, sizes: [GeneratorSystem: Int] = [:]
    ) {
        self.identity = identity
        self.library = library
        self.generator = generator
        self.encoder = encoder
        self.options = options
        self.steps = steps
        self.train = train
        self.systems = systems
        self.examples = examples
        self.auto = auto
        self.model = model
        self.sizes = sizes
    }

    /// Runs the evaluation.
    ///
    /// Deterministic: the same library, generator, tasks and options give the same report.
    ///
    /// - Parameters:
    ///   - given: the tasks to judge the methods on; a task named as an expert is judged leave-out.
    ///   - progress: called from several threads.
    /// - Throws: `invalidRequest` for tasks that cannot be judged, `layoutMismatch` if the base model is not
    ///   the text encoder and there is no model; what the model throws.
    public func run(
        _ given: [EvaluationTask], progress: @escaping @Sendable (EvaluationProgress) -> Void
    ) throws(SgloradError) -> EvaluationReport {
        try EvaluationTask.validate(given)
        guard model == nil || given.allSatisfy({ $0.examples == nil }) else {
            throw .invalidRequest(
                field: "tasks",
                reason:
                    "hold examples, which refine adapters of the text encoder alone; leave them out with an "
                    + "engine")
        }
        let ranker = try model == nil ? TaskEncoder(encoder: encoder, layout: library.layout) : nil
        let tasks = given.map { task in
            let asked = model == nil && options.labels == .pool ? task : task.withOwnLabels
            return options.queries.map { asked.sampled($0, seed: options.seed) } ?? asked
        }
        let parts = EvaluationParts(
            tasks, experts: Set(library.experts.map(\.name)), options: options, system: examples)
        guard !parts.heldOut.isEmpty || !parts.leaveOut.isEmpty || !parts.closedWorld.isEmpty else {
            throw .invalidRequest(
                field: "tasks",
                reason:
                    "holds no task of the requested parts: leave-out tasks have the name of an expert, held-out "
                    + "tasks have not" + parts.notes.map { ". \($0)" }.joined())
        }
        let scopes = try ScopePlan(self, parts).scopes(progress)
        var judged: [(part: EvaluationPart, scope: MethodScope, embedding: [Float], result: JudgedTask)] = []
        for (part, scope, task) in scopes {
            let embedding = try encoder.encode(task.description).embedding
            judged.append(
                (part, scope, embedding, try JudgedTask(task, embedding: embedding, library: scope.library)))
        }
        var (schedule, questions) = (EncodingSchedule(), AnsweringSchedule())
        for (place, entry) in judged.enumerated() {
            let task = entry.result.task
            if model != nil { questions.begin(task, part: entry.part.rawValue) }
            for method in options.methods
            where entry.part != .closedWorld || StandardMethod.closedWorld.contains(method) {
                let adapter = try entry.scope.adapter(method, task, entry.embedding)
                guard let adapter else { continue }
                if model == nil {
                    schedule.add(adapter, method: method.rawValue, task: task, place: place)
                } else {
                    questions.add(adapter, method: method.rawValue, place: place)
                }
            }
        }
        var found: [(place: Int, method: String, ranking: Ranking)] = []
        if let model { found = try questions.run(model, progress) }
        if let ranker { found = try schedule.run(ranker, threads: options.threads, progress) }
        for (place, method, ranking) in found { judged[place].result.rankings[method] = ranking }
        let places = Dictionary(zip(tasks.map(\.name), 0...), uniquingKeysWith: { first, _ in first })
        let curves = try ranker.map { ranker throws(SgloradError) in
            let ordered = scopes.filter { $0.part != .closedWorld }.sorted {
                places[$0.task.name] ?? 0 < places[$1.task.name] ?? 0
            }
            return try ExampleCurves(self, ranker).run(ordered, progress)
        }
        let names = options.methods.map(\.rawValue)
        let routing = try routing(judged.map { ($0.result.task, $0.embedding) })
        return EvaluationReport(
            base: identity.base, generator: identity.generator, library: identity.library,
            encoder: identity.encoder, seed: options.seed, resamples: options.resamples,
            judgedBy: model == nil ? nil : GeneratorVerdict.Measure.engine.rawValue,
            parts: EvaluationPart.allCases.compactMap { part in
                let found = judged.filter { $0.part == part }.map(\.result)
                let own = found.sorted { places[$0.task.name] ?? 0 < places[$1.task.name] ?? 0 }
                return own.isEmpty
                    ? nil
                    : EvaluationReport.Part(
                        part.rawValue, own, methods: names, resamples: options.resamples, seed: options.seed)
            },
            examples: curves?.curves.isEmpty == false ? curves?.curves : nil,
            notes: parts.notes + missing(parts) + untrained + untaught(tasks) + manner
                + (curves?.notes ?? []),
            map: try map(judged.map { ($0.result.task, $0.embedding) }, of: tasks),
            routing: routing.isEmpty ? nil : routing,
            costs: try options.costs
                ? MethodCost.measured(
                    options.methods,
                    judged.filter { $0.part == judged.first?.part }.map {
                        ($0.scope, $0.result.task, $0.embedding)
                    },
                    sizes: sizes) : nil)
    }

    /// How the queries were answered, if by a model or among few labels.
    private var manner: [String] {
        if model != nil {
            return [
                "llama-server answered each query with one of the task's own labels; recall@1 is the share it had right"
            ]
        }
        return options.labels == .pool
            ? []
            : ["each task's pool was narrowed to its own labels, those texts that answer any of its queries"]
    }

    /// A note on the methods that held-out tasks are judged without, if there is no generator.
    private func missing(_ parts: EvaluationParts) -> [String] {
        guard generator == nil, !parts.heldOut.isEmpty else { return [] }
        let names = options.methods.filter { $0.needsGenerator || $0 == .deterministic }.map(\.rawValue)
        return names.isEmpty
            ? []
            : ["there is no generator, so held-out tasks are judged without \(names.joined(separator: ", "))"]
    }

    /// A note on the methods that no task is judged by, because no generator of their system serves.
    private var untrained: [String] {
        let missing = options.methods.filter { method in
            method.taskTrained.map { systems[$0.system] == nil } ?? (method.needsExamples && examples == nil)
        }
        return missing.isEmpty
            ? []
            : [
                "not judged, since no generator of its system serves: \(missing.map(\.rawValue).joined(separator: ", "))"
            ]
    }

    /// A note on the experts without which `icm-lora` cannot be trained, on folds or for its ablations.
    private func untaught(_ tasks: [EvaluationTask]) -> [String] {
        guard let examples, options.closedWorld || tasks.contains(where: { $0.examples != nil }) else {
            return []
        }
        let missing = examples.missing(in: library.native)
        return missing.isEmpty
            ? []
            : [
                "icm-lora is trained on no library with experts that have neither texts nor a task: "
                    + missing.joined(separator: ", ")
            ]
    }

    /// The experts and the held-out tasks in the plane of their embeddings.
    private func map(
        _ tasks: [(task: EvaluationTask, embedding: [Float])], of all: [EvaluationTask]
    ) throws(SgloradError) -> [EvaluationReport.MapPoint] {
        let families = Dictionary(all.map { ($0.name, $0.family) }, uniquingKeysWith: { first, _ in first })
        let experts = Set(library.experts.map(\.name))
        let others = tasks.filter { !experts.contains($0.task.name) }
        let plane = try PlaneMap(library.experts.map(\.embedding) + others.map(\.embedding))
        let names = library.experts.map { ($0.name, "expert") } + others.map { ($0.task.name, "task") }
        return zip(names, plane.points).map { entry, point in
            EvaluationReport.MapPoint(
                name: entry.0, kind: entry.1, family: families[entry.0] ?? "", x: point.x, y: point.y)
        }
    }
}
