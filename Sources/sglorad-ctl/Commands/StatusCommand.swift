import ArgumentParser
import ControlProtocol

/// `status`: the daemon's health.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how the daemon is, and what to do where something is wrong.",
        discussion: """
            Exits with 0 where the daemon answers, be it degraded: look at 'state', with --json too.

              sglorad-ctl status --json
            """)

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.Status.self, .init())
            try output.emit(reply) { $0.status(reply) }
        }
    }
}

extension Report {
    fileprivate mutating func status(_ status: Methods.Status.Reply) {
        let queue = status.queue
        fields([
            ("state", status.state),
            ("version", status.version),
            ("started", status.startedAt),
            ("state folder", status.stateDirectory),
            ("text encoder", status.encoder.map { "\($0.name) (\($0.folder))" } ?? "none"),
            ("", status.encoder.map { "\($0.dimension) numbers, at most \($0.maximumTokens) tokens" }),
            ("kernel", status.kernel),
            ("SQLite", status.sqlite),
            (
                "queue",
                "\(queue.queued) queued, \(queue.running) running, \(queue.done) done, \(queue.refused) refused, "
                    + "\(queue.failed) failed, \(queue.cancelled) cancelled"
            ),
            ("training", status.training.map { "a generator for \($0)" } ?? "no"),
        ])
        for condition in status.conditions {
            space()
            warning("\(condition.name): \(condition.message) \(condition.remedy)")
        }
    }
}
