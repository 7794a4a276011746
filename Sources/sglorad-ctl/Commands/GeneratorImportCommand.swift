internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct GeneratorImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import a generator's file from another machine.",
        discussion: """
            The generator is used if its base model, experts and text encoder are also those of this machine.
            """)

    @Argument(
        help: ArgumentHelp("The file, as written by 'generator export'.", valueName: "file"),
        completion: .file())
    var file: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { output in
            let source = try OutgoingFile(name: "generator", path: file)
            try await connection.withClient { client in
                let uploaded = try await OutgoingFile.upload([source], to: client, title: "sending")
                guard let digest = uploaded.first?.digest else { return }
                let reply = try await client.call(Methods.ImportGenerator.self, .init(digest: digest))
                try output.emit(reply) { report in
                    if reply.unchanged == true {
                        report.line("Unchanged: this generator was already imported.")
                    }
                    report.generator(reply.generator)
                }
            }
        }
    }
}
