internal import AdapterFormats
internal import ErrorModel
internal import Evaluation
internal import Files
internal import LlamaServer
internal import LowRank

/// Answers tasks with a base model in llama-server: one process a task, with that task's adapters, each applied by the
/// requests that ask with it.
///
/// Greedy completion held to the task's labels by a grammar. A prompt lists the labels in an order of its own, which is the
/// same for all adapters.
struct Engine: AnsweringModel {
    /// The longest label, in bytes.
    static let longestLabel = 256
    /// The most labels of a task.
    static let mostLabels = 512
    /// The longest prompt with its answer, in tokens, of which a text has at most as many as bytes.
    static let longestContext = 16_384
    /// How long one answer may take, in seconds.
    private static let patience = 600.0

    private let job: EngineJob
    private let model: String
    private let layout: AdapterLayout
    private let folder: String
    private let kept: KeptAnswers

    /// Prepares the engine: finds the model's file, and the answers of an earlier job that was broken off; blocks.
    ///
    /// - Parameters:
    ///   - job: the program, the model and the form of its prompts.
    ///   - layout: that of the adapters.
    ///   - folder: the job's folder.
    ///   - identity: what the answers depend on beside the engine, as JSON.
    init(_ job: EngineJob, layout: AdapterLayout, folder: String, identity: String) throws(SgloradError) {
        self.job = job
        self.layout = layout
        self.folder = folder
        model = try job.model()
        let form = try JSONText.encode(job.promptForm)
        let program = try FileDigest.sha256(file: job.program)
        kept = try KeptAnswers(
            in: job.kept, identity: Array("1\n\(program)\n\(job.file.digest)\n\(form)\n\(identity)".utf8))
    }

    /// Forgets the answers of the finished tasks: the job is complete.
    func discardKept() { kept.discard() }

    func answers(
        to task: EvaluationTask, in part: String, with adapters: [AnsweringAdapter], progress: (Int) -> Void
    ) throws(SgloradError) -> [[Bool]] {
        let (key, ids) = ("\(part)/\(task.name)", adapters.map(\.id))
        if let known = kept.find(key, adapters: ids, queries: task.queries.count) {
            progress(known.reduce(0) { $0 + $1.count })
            return known
        }
        let questions = try Questions(task, form: job.promptForm)
        let place = "\(folder)/engine"
        Folder.remove(place)
        try Folder.make(place)
        defer { Folder.remove(place) }
        var files: [String] = []
        // The place of each adapter among those that the process loads; nil for the base model alone.
        var places: [Int?] = []
        for adapter in adapters {
            guard let make = adapter.parameters else {
                places.append(nil)
                continue
            }
            places.append(files.count)
            files.append("adapter-\(files.count).gguf")
            try write(try make(), to: "\(place)/\(files[files.count - 1])")
        }
        let process = try EngineProcess(
            job, model: model, adapters: files, context: questions.context, folder: place)
        defer { process.stop() }
        var right = [[Bool]](repeating: [], count: adapters.count)
        for question in questions.all {
            for (number, own) in places.enumerated() {
                let scales = files.indices.map { LlamaCompletion.Adapter(id: $0, scale: $0 == own ? 1 : 0) }
                let completion = LlamaCompletion(
                    prompt: question.prompt, maximumTokens: questions.longestAnswer,
                    grammar: questions.grammar,
                    adapters: scales)
                let text = try process.answer { () throws(LlamaServerFailure) in
                    try process.client.complete(completion, within: Self.patience)
                }
                right[number].append(try questions.label(of: text, program: job.program) == question.answer)
                progress(1)
            }
        }
        try kept.keep(key, adapters: ids, right: right)
        return right
    }

    private func write(_ parameters: [Float], to path: String) throws(SgloradError) {
        let adapter = LoRAAdapter(layout: layout, parameters: parameters)
        let writer = try GGUFAdapterWriter.file(for: adapter, base: job.file, type: .float32, provenance: [:])
        try DurableFile.write(writer.bytes(), to: path, synchronisingFolder: false, synchronising: false)
    }
}
