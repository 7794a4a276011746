internal import ArgumentParser
internal import SgloradInterface

struct AdapterRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Delete an adapter and its files.",
        discussion: "A request with the same intent, options, seed and library recreates the same adapter.")

    @OptionGroup var adapter: AdapterArgument
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.RemoveAdapter.self, .init(adapterId: adapter.id)) { report, _ in
            report.line("Removed the adapter \(adapter.id).")
        }
    }
}
