import ArgumentParser
import ControlProtocol

/// `cache evict`: adapters go, least recently used first.
struct CacheEvictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evict",
        abstract: "Remove adapters, least recently used first.",
        discussion: """
            Without --max-bytes and --max-age, as the configuration's cache.maximumBytes and cache.maximumAge say. Pinned \
            adapters, those in use and those younger than cache.minimumAge stay.

              sglorad-ctl cache evict --max-bytes 1000000000 --dry-run
            """)

    @Option(help: ArgumentHelp("How many bytes all adapters may take.", valueName: "n"))
    var maxBytes: Int?

    @Option(
        help: ArgumentHelp(
            "How many seconds after its last use an adapter is kept.", valueName: "seconds"))
    var maxAge: Int?

    @Flag(help: "Remove nothing, and say what would go.")
    var dryRun = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.EvictCache.self,
                .init(maximumBytes: maxBytes, maximumAge: maxAge, dryRun: dryRun ? true : nil))
            try output.emit(reply) { report in
                for adapter in reply.evicted { report.line(adapter) }
                report.line(
                    "\(dryRun ? "Would evict" : "Evicted") \(Format.count(reply.evicted.count, "adapter")), "
                        + "\(Format.bytes(reply.bytes)); \(Format.count(reply.kept, "adapter")), "
                        + "\(Format.bytes(reply.keptBytes)), \(dryRun ? "would stay" : "stay").")
            }
        }
    }
}
