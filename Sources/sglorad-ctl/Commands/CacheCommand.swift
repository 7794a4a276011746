internal import ArgumentParser

struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Inspect and verify the daemon's stored data, and evict adapters.",
        subcommands: [
            CacheStatisticsCommand.self, CacheReportCommand.self, CacheVerifyCommand.self,
            CacheEvictCommand.self,
        ])
}
