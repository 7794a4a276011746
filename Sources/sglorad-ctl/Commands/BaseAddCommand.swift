internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct BaseAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Register a base model from one of its adapters, or the GGUF file of one.",
        discussion: """
            Reads adapter_config.json and adapter_model.safetensors from the folder with your own permissions and uploads \
            them. The first import of an expert also registers its base model, so this is rarely needed.

              sglorad-ctl base add minilm adapters/birds

            With --gguf, reads the header of the base model's own GGUF file with your permissions, and sends that and the \
            file's SHA-256 digest. It names the tensors of adapters requested with '--format gguf'. Repeat it when the file \
            has changed or moved: published adapters name its path to llama-server. The folder is left out for a base model \
            that is registered already.

              sglorad-ctl base add google/gemma-3-270m --gguf gemma-3-270m-q4_k_m.gguf

            With --prompt, reads a JSON file with the form in which the experts were asked: "prompt" holds {labels} and \
            {text}, "answer" holds {answer}. It is needed by '--engine' of 'generator evaluate' and 'generator train', and adapters carry it.
            """)

    @Argument(help: ArgumentHelp("The name of the base model.", valueName: "name"))
    var name: String

    @Argument(
        help: ArgumentHelp("The folder of a PEFT adapter for a new base model.", valueName: "dir"),
        completion: .directory)
    var folder: String?

    @Option(
        help: ArgumentHelp("The base model's GGUF file, whole and not in parts.", valueName: "file"),
        completion: .file(extensions: ["gguf"]))
    var gguf: String?

    @Option(
        help: ArgumentHelp("The form of its prompts, a JSON file.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var prompt: String?

    @OptionGroup var connection: Connection

    func validate() throws {
        guard folder != nil || gguf != nil || prompt != nil else {
            throw ValidationError(
                "Name the folder of an adapter, the base model's GGUF file with --gguf, the form of its prompts with "
                    + "--prompt, or several of them.")
        }
    }

    func run() async throws {
        try await connection.run { output in
            let files = try folder.map { try ExpertFolderReader.adapterFiles($0) } ?? []
            let model = try gguf.map { try ModelHeader(path: $0) }
            let form = try prompt.map { try PromptFormFile.read($0) }
            try await connection.withClient { client in
                let uploaded = try await OutgoingFile.upload(files, to: client, title: name)
                let header = try await model?.upload(to: client)
                let reply = try await client.call(
                    Methods.AddBase.self, .init(name: name, files: uploaded, modelFile: header, prompt: form))
                try output.emit(reply) { report in
                    report.bases([reply.base])
                    if let replaced = reply.replacedModelFile {
                        report.line(
                            "The GGUF file has changed: it replaces the one whose SHA-256 digest began with "
                                + "\(replaced.prefix(12)). Adapters made before stay as they are.")
                    }
                }
            }
        }
    }
}
