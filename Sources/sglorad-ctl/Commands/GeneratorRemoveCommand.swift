import ArgumentParser
import ControlProtocol

/// `generator remove`: a generator goes, with its file.
struct GeneratorRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a generator and its file.",
        discussion: "The next newest one that is not disabled serves then; adapters that it made stay.")

    @Argument(help: ArgumentHelp("The generator's id.", valueName: "id"))
    var generator: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.RemoveGenerator.self, .init(generatorId: generator))
            try output.emit(reply) { $0.line("Removed the generator \(generator).") }
        }
    }
}
