import ArgumentParser
import ControlProtocol

/// `generator import`: a generator's file from another box.
struct GeneratorImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import a generator's file from another box.",
        discussion: "It serves where its base model, experts and text encoder are those of this box.")

    @Argument(
        help: ArgumentHelp("The file, as 'generator export' wrote it.", valueName: "file"),
        completion: .file())
    var file: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { output in
            let source = try OutgoingFile(name: "generator", path: file)
            try await connection.withClient { client in
                let uploaded = try await Upload.send([source], to: client, as: "sending")
                guard let digest = uploaded.first?.digest else { return }
                let reply = try await client.call(Methods.ImportGenerator.self, .init(digest: digest))
                try output.emit(reply) { report in
                    if reply.unchanged == true {
                        report.line("Unchanged: the same generator is here already.")
                    }
                    report.generator(reply.generator)
                }
            }
        }
    }
}
