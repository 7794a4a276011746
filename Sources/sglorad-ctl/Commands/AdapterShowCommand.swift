internal import ArgumentParser
internal import SgloradInterface

struct AdapterShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an adapter: its provenance, and its files with their SHA-256 digests.")

    @OptionGroup var adapter: AdapterArgument
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.GetAdapter.self, .init(adapterId: adapter.id)) { report, reply in
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
