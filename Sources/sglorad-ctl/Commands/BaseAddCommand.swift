import ArgumentParser
import ControlProtocol

/// `base add`: a base model by the layout of one of its adapters.
struct BaseAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a base model whose layout is that of an adapter.",
        discussion: """
            Reads adapter_config.json and adapter_model.safetensors from the folder with your own rights and sends them. \
            The first import of an expert also adds its base model, so this is seldom needed.

              sglorad-ctl base add minilm adapters/birds
            """)

    @Argument(help: ArgumentHelp("What the base model is to be called.", valueName: "name"))
    var name: String

    @Argument(
        help: ArgumentHelp("The folder of a PEFT adapter for it.", valueName: "dir"), completion: .directory)
    var folder: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { output in
            let files = try ExpertFolderReader.adapterFiles(folder)
            try await connection.withClient { client in
                let uploaded = try await Upload.send(files, to: client, as: name)
                let reply = try await client.call(Methods.AddBase.self, .init(name: name, files: uploaded))
                try output.emit(reply) { $0.bases([reply.base]) }
            }
        }
    }
}
