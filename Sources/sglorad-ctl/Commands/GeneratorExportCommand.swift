import ArgumentParser
import ControlProtocol
import ErrorModel

/// `generator export`: a generator's file for another box.
struct GeneratorExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a generator's file, for another box.",
        discussion: """
            The file appears whole or not at all, and nothing is overwritten. With --json, the generator is printed.

              sglorad-ctl generator export ID -o birds.generator
            """)

    @Argument(help: ArgumentHelp("The generator's id.", valueName: "id"))
    var generator: String

    @Option(
        name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file"),
        completion: .file())
    var output: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { console in
            let destination = try ExportDestination(file: output)
            try await connection.withClient { client in
                let reply = try await client.call(Methods.GetGenerator.self, .init(generatorId: generator))
                let bytes = try await Interruption.guarding(client, notice: "The export was called off.") {
                    try await export(client, expected: reply.generator.bytes, to: destination)
                }
                try console.emit(reply) { report in
                    report.line(
                        "Wrote the generator \(generator) to \(destination.path), \(Format.bytes(bytes)).")
                }
            }
        }
    }

    private func export(_ client: Client, expected: Int, to destination: ExportDestination) async throws
        -> Int
    {
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        let replies = client.stream(Methods.ExportGenerator.self, .init(generatorId: generator))
        return try await GeneratorFileWriter.write(replies, to: destination) { bytes in
            let fraction = Double(bytes) / Double(max(1, expected))
            let figures = "\(Format.bytes(bytes)) of \(Format.bytes(expected))"
            progress.show(
                Progress.line(
                    "writing", fraction: fraction, figures: figures, columns: StandardError.columns),
                fraction: fraction)
        }
    }
}
