internal import ArgumentParser

struct SpoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool", abstract: "Submit intents as files, even while the daemon is not running.",
        subcommands: [SpoolSubmitCommand.self])
}
