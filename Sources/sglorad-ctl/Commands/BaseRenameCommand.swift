internal import ArgumentParser
internal import SgloradInterface

struct BaseRenameCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a base model another name.",
        discussion: """
            The old name still leads to the base model: open requests stay valid, and adapters whose configuration names it \
            are imported into the same library. Experts and generators are kept.

              sglorad-ctl base rename /home/me/models/minilm sentence-transformers/all-MiniLM-L6-v2
            """)

    @Argument(help: ArgumentHelp("The present name of the base model.", valueName: "name"))
    var name: String

    @Argument(help: ArgumentHelp("Its new name.", valueName: "new-name"))
    var newName: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.RenameBase.self, .init(name: name, newName: newName)
        ) { report, reply in
            report.line("The base model \(name) is now called \(reply.base.name).")
        }
    }
}
