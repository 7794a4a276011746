internal import ArgumentParser
internal import SgloradInterface

struct AdapterListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List published adapters, newest first.",
        discussion: "Lists your own adapters; administrators see everyone's.")

    @OptionGroup var list: ListOptions
    @OptionGroup var base: BaseFilter
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.ListAdapters.self, .init(base: base.base, label: list.label, limit: list.limit)
        ) { report, reply in
            var table = Table([
                .left("ADAPTER"), .left("BASE"), .left("STRATEGY"), .right("SEED"), .left("NEAREST EXPERT"),
                .right("SIZE"), .left("CREATED"), .left("LABEL"),
            ])
            for adapter in reply.adapters {
                let nearest = adapter.provenance.experts.max { $0.proximity < $1.proximity }
                table.add([
                    adapter.adapterId, adapter.base, adapter.provenance.strategy,
                    String(adapter.provenance.seed), nearest?.expert ?? "-", Format.bytes(adapter.bytes),
                    adapter.createdAt, adapter.label ?? "",
                ])
            }
            report.table(table, orIfEmpty: "There are no adapters.")
            if reply.more == true {
                report.warning("there are more. Use --limit (up to 1000), or filter with --label and --base.")
            }
        }
    }
}
