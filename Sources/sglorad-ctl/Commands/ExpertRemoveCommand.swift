import ArgumentParser
import ControlProtocol

/// `expert remove`: an expert leaves the library.
struct ExpertRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove an expert from the library.",
        discussion: """
            Every generator that was trained on it is disabled until a new one is trained. Adapters that it guided stay, \
            unless --derived is said.
            """)

    @Argument(help: ArgumentHelp("The expert's name.", valueName: "name"))
    var name: String

    @OptionGroup var base: BaseOption

    @Flag(help: "Also remove the published adapters that it guided.")
    var derived = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.RemoveExpert.self, .init(name: name, base: base.base, derived: derived ? true : nil))
            try output.emit(reply) { report in
                report.line(
                    "Removed the expert \(reply.expert.name) from the library of \(reply.expert.base).")
                for generator in reply.disabledGenerators {
                    report.line("Disabled the generator \(generator).")
                }
                for adapter in reply.removedAdapters { report.line("Removed the adapter \(adapter).") }
                if !reply.disabledGenerators.isEmpty {
                    report.warning("generators were disabled. Train a new one: sglorad-ctl generator train.")
                }
            }
        }
    }
}
