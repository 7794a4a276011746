import ArgumentParser
import ControlProtocol
import Privacy

/// `queue retry`: a request that did not succeed is queued again.
struct QueueRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Try a request again that was refused, failed or cancelled.",
        discussion: """
            The request keeps its id and its options. Its text was erased when it ended, unless the daemon is told to \
            retain texts (privacy.retainIntents): then give it again with --text, or --text - to read it from standard \
            input.
            """)

    @Argument(help: ArgumentHelp("The request's id.", valueName: "id"))
    var request: String

    @Option(
        help: ArgumentHelp(
            "What is wanted, in plain words, where it has been erased; - reads it from standard input.",
            valueName: "text"))
    var text: String?

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { output in
            var said: PrivateText?
            if let text { said = PrivateText(try IntentText.resolve(text)) }
            let words = said
            try await connection.withClient { client in
                let reply = try await client.call(
                    Methods.RetryRequest.self, .init(requestId: request, text: words))
                try output.emit(reply) { report in
                    report.line("The request is queued again; 'queue show' tells what becomes of it.")
                }
            }
        }
    }
}
