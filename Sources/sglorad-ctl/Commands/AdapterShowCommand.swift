import ArgumentParser
import ControlProtocol

/// `adapter show`: one adapter.
struct AdapterShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one adapter: its files, and what made it.")

    @Argument(help: ArgumentHelp("The adapter's id.", valueName: "id"))
    var adapter: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.GetAdapter.self, .init(adapterId: adapter))
            try output.emit(reply) { report in
                let provenance = reply.adapter.provenance
                report.adapter(reply.adapter)
                report.space()
                report.files(of: reply.adapter)
                report.space()
                report.fields([
                    ("library", provenance.library),
                    ("text encoder", provenance.encoder),
                    ("kernel", provenance.kernel),
                    ("version", provenance.version),
                ])
            }
        }
    }
}
