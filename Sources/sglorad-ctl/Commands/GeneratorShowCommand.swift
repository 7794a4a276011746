import ArgumentParser
import ControlProtocol

/// `generator show`: one generator.
struct GeneratorShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one generator.")

    @Argument(help: ArgumentHelp("The generator's id.", valueName: "id"))
    var generator: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.GetGenerator.self, .init(generatorId: generator))
            try output.emit(reply) { $0.generator(reply.generator) }
        }
    }
}
