import ArgumentParser

/// `cache`: what the daemon keeps.
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Look into what the daemon keeps.",
        subcommands: [CacheStatisticsCommand.self])
}
