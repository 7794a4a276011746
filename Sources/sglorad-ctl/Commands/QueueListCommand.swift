internal import ArgumentParser
internal import SgloradInterface

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List requests, newest first.",
        discussion: """
            Lists your own requests; administrators see everyone's. The intents' texts are not shown: a text is erased \
            when its request finishes, and finished requests are deleted after queue.keepRequests.
            """)

    /// The states of a request, with the names of the protocol.
    enum State: String, ExpressibleByArgument, CaseIterable, Sendable {
        case queued, running, done, refused, failed, cancelled
    }

    @Option(help: ArgumentHelp("Only requests in this state.", valueName: "state"))
    var state: State?

    @OptionGroup var list: ListOptions
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(
            Methods.ListRequests.self, .init(state: state?.rawValue, label: list.label, limit: list.limit)
        ) { report, reply in
            report.requests(reply.requests)
            if reply.more == true {
                report.warning(
                    "there are more. Use --limit (up to 1000), or filter with --state and --label.")
            }
        }
    }
}
