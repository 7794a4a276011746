internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct BaseAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Register a base model, taking its layout from one of its adapters.",
        discussion: """
            Reads adapter_config.json and adapter_model.safetensors from the folder with your own permissions and uploads \
            them. The first import of an expert also registers its base model, so this is rarely needed.

              sglorad-ctl base add minilm adapters/birds
            """)

    @Argument(help: ArgumentHelp("The name of the new base model.", valueName: "name"))
    var name: String

    @Argument(
        help: ArgumentHelp("The folder of a PEFT adapter for it.", valueName: "dir"), completion: .directory)
    var folder: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { output in
            let files = try ExpertFolderReader.adapterFiles(folder)
            try await connection.withClient { client in
                let uploaded = try await OutgoingFile.upload(files, to: client, title: name)
                let reply = try await client.call(Methods.AddBase.self, .init(name: name, files: uploaded))
                try output.emit(reply) { $0.bases([reply.base]) }
            }
        }
    }
}
