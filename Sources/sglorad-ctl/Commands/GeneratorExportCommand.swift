internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct GeneratorExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Download a generator's file, for import on another machine.",
        discussion: """
            The file appears complete or not at all, and no file is overwritten. With --json, prints the generator.

              sglorad-ctl generator export ID -o birds.generator
            """)

    @OptionGroup var generator: GeneratorArgument

    @Option(
        name: [.short, .long], help: ArgumentHelp("The file to create.", valueName: "file"),
        completion: .file())
    var output: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { console in
            let destination = try ExportDestination(file: output)
            try await connection.withClient { client in
                let reply = try await client.call(
                    Methods.GetGenerator.self, .init(generatorId: generator.id))
                let bytes = try await Interruption.guarding(client, notice: "The export was cancelled.") {
                    try await export(client, expected: reply.generator.bytes, to: destination)
                }
                try console.emit(reply) { report in
                    report.line(
                        "Wrote the generator \(generator.id) to \(destination.path), \(Format.bytes(bytes)).")
                }
            }
        }
    }

    private func export(
        _ client: VarlinkClient, expected: Int, to destination: ExportDestination
    ) async throws -> Int {
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        let replies = client.stream(Methods.ExportGenerator.self, .init(generatorId: generator.id))
        return try await IncomingFile.writeGenerator(replies, to: destination) { bytes in
            progress.show("writing", bytes: bytes, of: expected)
        }
    }
}
