internal import ArgumentParser
internal import SgloradInterface

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the daemon's health, with a remedy for each problem.",
        discussion: """
            Exits with 0 if the daemon responds, even if it is degraded; scripts should check the field 'state'.

              sglorad-ctl status --json
            """)

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.Status.self, .init()) { report, reply in report.status(reply) }
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
            ("", status.encoder.map { "dimension \($0.dimension), at most \($0.maximumTokens) tokens" }),
            ("kernel", status.kernel),
            ("SQLite", status.sqlite),
            (
                "queue",
                "\(queue.queued) queued, \(queue.running) running, \(queue.done) done, \(queue.refused) refused, "
                    + "\(queue.failed) failed, \(queue.cancelled) cancelled"
            ),
            ("training", status.training.map { "a generator for \($0)" } ?? "no"),
            ("published", status.publishing.map(Self.publishing)),
        ])
        conditions(status.conditions, separated: true)
    }

    /// What is published, in one line.
    static func publishing(_ publishing: Wire.Publishing) -> String {
        let names = Format.count(publishing.names, "name")
        return switch publishing.llamaServer {
        case "current": names + ", and llama-server lists them"
        case "pending": names + ", which llama-server has not confirmed yet"
        default: names
        }
    }

    /// A warning for each condition that degrades the daemon, with its remedy.
    mutating func conditions(_ conditions: [Wire.Condition], separated: Bool = false) {
        for condition in conditions {
            if separated { space() }
            warning("\(condition.name): \(condition.message) \(condition.remedy)")
        }
    }
}
