import ArgumentParser
import ControlProtocol

/// `adapter remove`: an adapter goes, with its files.
struct AdapterRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove an adapter and its files.",
        discussion: "The same intent, options and seed give the same adapter again.")

    @Argument(help: ArgumentHelp("The adapter's id.", valueName: "id"))
    var adapter: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.RemoveAdapter.self, .init(adapterId: adapter))
            try output.emit(reply) { $0.line("Removed the adapter \(adapter).") }
        }
    }
}
