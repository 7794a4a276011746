import ArgumentParser
import ControlProtocol

/// `adapter list`: published adapters, newest first.
struct AdapterListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List published adapters, newest first.",
        discussion: "Shows your own adapters; to administrators, everyone's.")

    @Option(help: ArgumentHelp("Only those of this label.", valueName: "label"))
    var label: String?

    @Option(help: ArgumentHelp("How many at most, 1 to 1000; 100 without it.", valueName: "n"))
    var limit: Int?

    @OptionGroup var base: BaseFilter
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.ListAdapters.self, .init(base: base.base, label: label, limit: limit))
            try output.emit(reply) { report in
                var table = Table([
                    .left("ADAPTER"), .left("BASE"), .left("STRATEGY"), .right("SEED"),
                    .left("NEAREST EXPERT"),
                    .right("SIZE"), .left("MADE"), .left("LABEL"),
                ])
                for adapter in reply.adapters {
                    let nearest = adapter.provenance.experts.max { $0.proximity < $1.proximity }
                    table.add([
                        adapter.adapterId, adapter.base, adapter.provenance.strategy,
                        String(adapter.provenance.seed),
                        nearest?.expert ?? "-", Format.bytes(adapter.bytes), adapter.createdAt,
                        adapter.label ?? "",
                    ])
                }
                report.table(table, orIfEmpty: "There are no adapters.")
                if reply.more == true {
                    report.warning("there are more; --limit shows up to 1000, --label and --base choose.")
                }
            }
        }
    }
}
