internal import ArgumentParser
internal import SgloradInterface

struct CacheStatisticsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics",
        abstract: "Show the number and size on disk of experts, generators, adapters and uploads.")

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.CacheStatistics.self, .init()) { report, reply in
            var table = Table([.left("KIND"), .right("COUNT"), .right("SIZE")])
            table.add(["base models", String(reply.bases), "-"])
            for (kind, usage) in [
                ("experts", reply.experts), ("generators", reply.generators), ("adapters", reply.adapters),
                ("uploads", reply.uploads),
            ] {
                table.add([kind, String(usage.count), Format.bytes(usage.bytes)])
            }
            if let bytes = reply.databaseBytes { table.add(["database", "-", Format.bytes(bytes)]) }
            report.table(table, orIfEmpty: "")
        }
    }
}
