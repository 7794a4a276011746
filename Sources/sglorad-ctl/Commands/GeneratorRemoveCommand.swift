internal import ArgumentParser
internal import SgloradInterface

struct GeneratorRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Delete a generator and its file.",
        discussion: "The newest remaining generator that is not disabled takes over. Adapters are kept.")

    @OptionGroup var generator: GeneratorArgument
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.RemoveGenerator.self, .init(generatorId: generator.id)
        ) { report, _ in
            report.line("Removed the generator \(generator.id).")
        }
    }
}
