internal import ArgumentParser
internal import SgloradInterface

struct AdapterUnpublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpublish",
        abstract: "Take a published adapter's name back.",
        discussion:
            "The model servers no longer offer it, and it may be evicted again. The adapter itself stays.")

    @OptionGroup var adapter: AdapterArgument
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.UnpublishAdapter.self, .init(adapterId: adapter.id)
        ) { report, reply in
            report.line("The adapter \(reply.adapter.adapterId) is no longer published as \(reply.name).")
        }
    }
}
