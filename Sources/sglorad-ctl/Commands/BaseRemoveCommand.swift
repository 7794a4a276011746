internal import ArgumentParser
internal import SgloradInterface

struct BaseRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a base model and its generators.",
        discussion: """
            A base model whose library still has experts is removed only with --with-experts. Published adapters are kept. \
            Open requests for the base model fail.

              sglorad-ctl base remove /home/me/models/minilm
            """)

    @Argument(help: ArgumentHelp("The name of the base model.", valueName: "name"))
    var name: String

    @Flag(help: "Also remove the experts of its library.")
    var withExperts = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.RemoveBase.self, .init(name: name, experts: withExperts ? true : nil)
        ) { report, reply in
            report.line(
                "Removed the base model \(name) with \(Format.count(reply.removedExperts.count, "expert")) and "
                    + "\(Format.count(reply.removedGenerators.count, "generator")).")
        }
    }
}
