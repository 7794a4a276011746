import ArgumentParser

/// `queue`: what was asked for.
struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The requests that wait, run, and have ended.",
        subcommands: [
            QueueListCommand.self, QueueShowCommand.self, QueueCancelCommand.self, QueueRetryCommand.self,
        ])
}
