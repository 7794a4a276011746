internal import AdapterFormats
internal import ErrorModel
internal import ExpertLibrary
internal import Files

/// The program that runs base models which the daemon cannot run itself: llama.cpp's `llama-server`.
public struct EngineOptions: Sendable, Hashable {
    /// The path of `llama-server`; nil if there is none.
    public var program: String?
    /// A GGUF file, or a folder with GGUF files, in which the base models' own files are found by their digests.
    public var models: String?
    /// The number of its threads.
    public var threads: Int

    /// Creates options; by default there is no engine.
    public init(program: String? = nil, models: String? = nil, threads: Int = 2) {
        self.program = program
        self.models = models
        self.threads = threads
    }
}

/// What a job's child process needs to run a base model in llama-server.
struct EngineJob: Codable, Sendable {
    /// The path of `llama-server`.
    var program: String
    /// The file or folder in which the model's file is found.
    var models: String
    var threads: Int
    /// The base model's own file, as `base add --gguf` described it.
    var file: GGUFBase
    var promptForm: PromptForm
    /// The folder that keeps the answers of jobs which were broken off.
    var kept: String

    /// What a base model's job needs.
    ///
    /// - Throws: `invalidRequest` for the field `engine`, if the configuration names no engine, or the base model's file or the
    ///   form of its prompts is not known.
    init(_ options: EngineOptions, base: BaseRecord, state: StateDirectory) throws(SgloradError) {
        let name = Remedy.word(base.name)
        guard let program = options.program, let models = options.models else {
            throw .invalidRequest(
                field: "engine",
                reason:
                    "needs llama-server: set engine.program to its path and engine.models to the folder of the GGUF files "
                    + "in the daemon's configuration, and restart the daemon (docs/engine.md)")
        }
        guard let file = base.modelFile else {
            throw .invalidRequest(
                field: "engine",
                reason:
                    "needs the GGUF file of the base model '\(base.name)', which is not known here. Make it known with "
                    + "'sglorad-ctl base add \(name) --gguf MODEL.gguf'")
        }
        guard let promptForm = base.promptForm else {
            throw .invalidRequest(
                field: "engine",
                reason:
                    "needs the form of the prompts of the base model '\(base.name)', which is not known here. Make it "
                    + "known with 'sglorad-ctl base add \(name) --prompt prompt.json'")
        }
        self.program = program
        self.models = models
        threads = options.threads
        self.file = file
        self.promptForm = promptForm
        kept = state.engine
    }

    /// The path of the model's file: the one of the known size and digest.
    ///
    /// Reads every file of that size; blocks.
    ///
    /// - Throws: `invalidFile` if there is none.
    func model() throws(SgloradError) -> String {
        var candidates = [models]
        if FileKind(of: models) == .folder {
            candidates = try Folder.names(in: models).filter { $0.hasSuffix(".gguf") }.map {
                "\(models)/\($0)"
            }
        }
        for path in candidates where FileKind(of: path) == .file {
            if try isModel(path) { return path }
        }
        throw .invalidFile(
            models,
            "it holds no GGUF file with the digest \(self.file.digest.prefix(12))… of the base model's file. Put the file "
                + "there, or name the one that is there with 'sglorad-ctl base add NAME --gguf FILE'.")
    }

    private func isModel(_ path: String) throws(SgloradError) -> Bool {
        let found = try ReadableFile(path)
        guard found.bytes == file.fileSize else { return false }
        return try FileDigest.sha256(descriptor: found.descriptor, path: path) == file.digest
    }
}
