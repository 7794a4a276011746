internal import ArgumentParser
internal import ErrorModel
internal import Privacy
internal import SgloradInterface
internal import Varlink

struct RequestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Generate an adapter from an intent in plain language.",
        discussion: """
            Queues the intent, waits, and prints the adapter: its id, its folder, and the experts that guided it. The \
            request is durable: if this command is interrupted, the daemon still completes it.

            With -o, also writes the adapter's files to a new folder, with your own permissions. The folder appears \
            complete or not at all: the size and SHA-256 digest of every file are checked against the adapter's record.

              sglorad-ctl request "match definitions of birds to their names" -o birds
              sglorad-ctl request - --seed 7 --label mail < intent.txt

            The text is one argument, in quotation marks. One that begins with a hyphen and a letter follows '--'.

            With --no-wait, prints the request's id as soon as the request is durable; follow it with 'sglorad-ctl queue \
            show ID'. With --idempotency-key, repeating the command returns the first request instead of queueing another.

            With --spool, submits the intent as a file in the spool folder, even while the daemon is not running, and waits \
            for the result file; with --no-wait, prints the path at which the result will appear.

            With --examples, the examples' texts guide beside the intent, and those with answers refine the adapter, for up \
            to --refine-seconds. With the strategy icm-lora, texts and answers also choose the experts, and a decoder makes the \
            adapter of them. --labels names the answers that can occur. Like the intent's text, the daemon keeps them \
            until the request is final.

            Exits with 2 if no expert is similar enough to the intent; 'sglorad-ctl explain' shows why, and --force \
            overrides the refusal.
            """)

    /// How an adapter is computed, with the names of the protocol.
    enum Strategy: String, ExpressibleByArgument, CaseIterable, Sendable {
        case auto
        case sgLora = "sg-lora"
        case multiTask = "multi-task"
        case metaLoRA = "metalora"
        case loRAGen = "lora-gen"
        case icmLoRA = "icm-lora"
        case weighted
        case weightedExamples = "weighted-examples"
        case nearest
        case mean
    }

    @Argument(
        help: ArgumentHelp(
            "The intent in plain language, at most 32768 bytes; - reads it from standard input, which keeps it out of "
                + "the process list.", valueName: "text"))
    var text: String

    @OptionGroup var unquoted: UnquotedWords

    @OptionGroup var base: BaseOption

    @Option(help: ArgumentHelp("How the adapter is computed.", valueName: "strategy"))
    var strategy: Strategy?

    @OptionGroup var guidance: GuidanceOptions

    @Option(
        help: ArgumentHelp(
            "The random seed, 0 to 2^53 - 1; by default the daemon draws one and reports it.", valueName: "n")
    )
    var seed: Int?

    @Option(
        help: ArgumentHelp(
            "The formats of the adapter's files, separated by commas: peft, and gguf or gguf-f16 for llama.cpp.",
            valueName: "formats"))
    var format: AdapterFormatList?

    @OptionGroup var examples: ExampleOptions

    @Option(
        help: ArgumentHelp(
            "How long the adapter may be refined with answered examples, 0 to 60 seconds (default: 5).",
            valueName: "n"))
    var refineSeconds: Double?

    @Option(help: ArgumentHelp("A label of your choice, at most 256 bytes.", valueName: "label"))
    var label: String?

    @Flag(help: "Generate an adapter even if no expert is similar enough.")
    var force = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Also write the adapter's files to this new folder.", valueName: "dir"))
    var output: String?

    @Flag(help: "Return as soon as the request is durable.")
    var noWait = false

    @Option(
        help: ArgumentHelp(
            "A key of your choice, 1 to 256 bytes; requests with the same key are queued once.",
            valueName: "key"))
    var idempotencyKey: String?

    @OptionGroup var spool: SpoolOptions

    @OptionGroup var connection: Connection

    func validate() throws {
        if noWait, output != nil {
            throw ValidationError(
                "-o cannot be combined with --no-wait: omit it, and run 'adapter export' once the request is done."
            )
        }
        if text == "-", examples.readsStandardInput {
            throw ValidationError(
                "Only one of the intent, '--examples' and '--labels' can read standard input.")
        }
        if let refineSeconds, !refineSeconds.isFinite {
            throw ValidationError("The value of '--refine-seconds' must be a number from 0 to 60.")
        }
    }

    func run() async throws {
        try await connection.run { console in
            let intent = try intent()
            if let directory = spool.directory { return try await submitToSpool(intent, directory, console) }
            if noWait { return try await submit(intent, console) }
            let destination = try output.map { try ExportDestination(folder: $0) }
            try await connection.withClient { client in
                let (reply, adapter) = try await adapter(for: intent, client)
                if let destination { try await AdapterExport.export(adapter, to: destination, client) }
                try console.emit(reply) { report in
                    report.adapter(adapter, exportedTo: destination)
                    if let replaced = reply.replaced {
                        report.line("It replaces \(replaced), which is no longer published.")
                    }
                }
            }
        }
    }

    private func intent() throws -> Wire.Intent {
        Wire.Intent(
            text: PrivateText(try IntentText.resolve(text)), base: base.base, strategy: strategy?.rawValue,
            topK: guidance.topK,
            temperature: guidance.temperature, proximity: guidance.proximity?.rawValue, seed: seed,
            formats: format?.names, label: label.map(DashedText.restored),
            force: force ? true : nil, examples: try examples.readExamples(),
            labels: try examples.readLabels(),
            refineSeconds: refineSeconds)
    }

    private func submit(_ intent: Wire.Intent, _ console: Output) async throws {
        try await connection.withClient { client in
            let reply = try await client.call(
                Methods.Submit.self,
                .init(intent: intent, idempotencyKey: idempotencyKey.map(DashedText.restored)))
            try console.emit(reply) { $0.line(reply.requestId) }
        }
    }

    /// Waits for the request to finish, and shows its states as progress.
    private func adapter(
        for intent: Wire.Intent, _ client: VarlinkClient
    ) async throws -> (Methods.Request.Reply, Wire.Adapter) {
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        var last: Methods.Request.Reply?
        for try await reply in client.stream(
            Methods.Request.self,
            .init(intent: intent, idempotencyKey: idempotencyKey.map(DashedText.restored)))
        {
            last = reply
            let stage = reply.request.stage.map { ": \($0)" } ?? ""
            progress.show("\(reply.request.state)\(stage) (request \(reply.request.requestId))", fraction: 0)
        }
        guard let last else {
            throw Failure.incomplete("request")
        }
        guard let adapter = last.adapter else { throw Self.failure(last.request) }
        return (last, adapter)
    }

    /// The failure of a request that finished without an adapter.
    static func failure(_ request: Wire.QueuedRequest) -> Failure {
        var parameters: [String: SgloradError.Parameter] = [
            "requestId": .string(request.requestId), "state": .string(request.state),
        ]
        if let truncated = request.truncated { parameters["truncated"] = .bool(truncated) }
        let reason = request.failure ?? "It is \(request.state); the daemon gave no reason."
        return Failure(
            name: request.state == "refused" ? "io.sglorad.NoRelevantExpert" : "RequestFailed",
            message: "The request \(request.requestId) produced no adapter. \(reason)",
            parameters: parameters, remedy: remedy(request),
            status: request.state == "refused" ? .refused : .failed)
    }

    private static func remedy(_ request: Wire.QueuedRequest) -> Remedy {
        let id = Remedy.word(request.requestId)
        return switch request.state {
        case "refused": .type("sglorad-ctl explain \"TEXT\"", to: "see which experts are near")
        case "failed": .type("sglorad-ctl queue retry \(id) --text \"TEXT\"", to: "try it again")
        default: .type("sglorad-ctl queue show \(id)", to: "see what became of it")
        }
    }
}
