import ArgumentParser
import ControlProtocol

/// `queue list`: requests, newest first.
struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List requests, newest first.",
        discussion: """
            Shows your own requests; to administrators, everyone's. What they ask for is not shown: an intent's text is \
            erased once its request is final, and final requests are forgotten after a time.
            """)

    /// A request's state.
    enum State: String, ExpressibleByArgument, CaseIterable, Sendable {
        case queued
        case running
        case done
        case refused
        case failed
        case cancelled
    }

    @Option(help: ArgumentHelp("Only those in this state.", valueName: "state"))
    var state: State?

    @Option(help: ArgumentHelp("Only those of this label.", valueName: "label"))
    var label: String?

    @Option(help: ArgumentHelp("How many at most, 1 to 1000; 100 without it.", valueName: "n"))
    var limit: Int?

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.ListRequests.self, .init(state: state?.rawValue, label: label, limit: limit))
            try output.emit(reply) { report in
                report.requests(reply.requests)
                if reply.more == true {
                    report.warning("there are more; --limit shows up to 1000, --state and --label choose.")
                }
            }
        }
    }
}
