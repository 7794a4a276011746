internal import ArgumentParser
internal import SgloradInterface

struct CacheEvictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evict",
        abstract: "Evict adapters, least recently used first.",
        discussion: """
            Without --max-bytes and --max-age, the configured limits cache.maximumBytes and cache.maximumAge apply. Pinned \
            adapters, adapters in use and adapters younger than cache.minimumAge are never evicted.

              sglorad-ctl cache evict --max-bytes 1000000000 --dry-run
            """)

    @Option(help: ArgumentHelp("The maximum total size of all adapters, in bytes.", valueName: "n"))
    var maxBytes: Int?

    @Option(help: ArgumentHelp("Evict adapters not used for this many seconds.", valueName: "seconds"))
    var maxAge: Int?

    @Flag(help: "Only show what would be evicted.")
    var dryRun = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.EvictCache.self,
            .init(maximumBytes: maxBytes, maximumAge: maxAge, dryRun: dryRun ? true : nil)
        ) { report, reply in
            for adapter in reply.evicted { report.line(adapter) }
            report.line(
                "\(dryRun ? "Would evict" : "Evicted") \(Format.count(reply.evicted.count, "adapter")), "
                    + "\(Format.bytes(reply.bytes)); \(Format.count(reply.kept, "adapter")), "
                    + "\(Format.bytes(reply.keptBytes)), \(dryRun ? "would remain" : "remain").")
        }
    }
}
