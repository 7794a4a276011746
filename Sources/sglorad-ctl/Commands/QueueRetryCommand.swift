internal import ArgumentParser
internal import Privacy
internal import SgloradInterface
internal import Varlink

struct QueueRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Requeue a refused, failed or cancelled request.",
        discussion: """
            The request keeps its id and options. Its text was erased when it finished, unless privacy.retainIntents is \
            set in the daemon's configuration: provide it again with --text, or with --text - from standard input, and \
            examples and labels with --examples and --labels.
            """)

    @OptionGroup var request: RequestArgument

    @Option(
        help: ArgumentHelp(
            "The intent, if its text was erased; - reads it from standard input.", valueName: "text"))
    var text: String?

    @OptionGroup var examples: ExampleOptions

    @OptionGroup var connection: Connection

    func validate() throws {
        if text == "-", examples.readsStandardInput {
            throw ValidationError(
                "Only one of '--text', '--examples' and '--labels' can read standard input.")
        }
    }

    func run() async throws {
        try await connection.run { output in
            var resolved: PrivateText?
            if let text { resolved = PrivateText(try IntentText.resolve(text)) }
            let intent = resolved
            let (known, labels) = (try examples.readExamples(), try examples.readLabels())
            try await connection.withClient { client in
                let reply = try await client.call(
                    Methods.RetryRequest.self,
                    .init(
                        requestId: request.id, text: intent, examples: known, labels: labels))
                try output.emit(reply) { $0.line("The request was requeued; check it with 'queue show'.") }
            }
        }
    }
}
