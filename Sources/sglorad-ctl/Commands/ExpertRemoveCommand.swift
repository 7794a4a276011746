internal import ArgumentParser
internal import SgloradInterface

struct ExpertRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove an expert from the library.",
        discussion: """
            Disables every generator that was trained on the expert; train a new one afterwards. Adapters that the expert \
            guided are kept, unless --derived is given.
            """)

    @OptionGroup var expert: ExpertArgument

    @Flag(help: "Also remove the published adapters that the expert guided.")
    var derived = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.RemoveExpert.self,
            .init(name: expert.name, base: expert.base, derived: derived ? true : nil)
        ) { report, reply in
            report.line("Removed the expert \(reply.expert.name) from the library of \(reply.expert.base).")
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
