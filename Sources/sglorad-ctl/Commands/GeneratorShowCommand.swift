internal import ArgumentParser
internal import SgloradInterface

struct GeneratorShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a generator: its state, training, guidance and experts.")

    @OptionGroup var generator: GeneratorArgument
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.GetGenerator.self, .init(generatorId: generator.id)
        ) { report, reply in
            report.generator(reply.generator)
        }
    }
}
