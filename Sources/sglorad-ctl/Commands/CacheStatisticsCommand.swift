import ArgumentParser
import ControlProtocol

/// `cache statistics`: how much there is of each kind.
struct CacheStatisticsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics",
        abstract: "Show how many there are of each kind, and what they take on disk.")

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.CacheStatistics.self, .init())
            try output.emit(reply) { report in
                var table = Table([.left("KIND"), .right("COUNT"), .right("SIZE")])
                table.add(["base models", String(reply.bases), "-"])
                for (kind, usage) in [
                    ("experts", reply.experts), ("generators", reply.generators),
                    ("adapters", reply.adapters),
                    ("uploads", reply.uploads),
                ] {
                    table.add([kind, String(usage.count), Format.bytes(usage.bytes)])
                }
                table.add(["database", "-", Format.bytes(reply.databaseBytes)])
                report.table(table, orIfEmpty: "")
            }
        }
    }
}
