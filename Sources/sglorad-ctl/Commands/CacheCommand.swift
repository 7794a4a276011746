import ArgumentParser

/// `cache`: what the daemon keeps.
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Look into what the daemon keeps, verify it, and make room.",
        subcommands: [CacheStatisticsCommand.self, CacheVerifyCommand.self, CacheEvictCommand.self])
}
