import ArgumentParser
import ControlProtocol
import ErrorModel
import Privacy

/// `request`: an intent becomes an adapter.
struct RequestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Make an adapter from an intent in plain words.",
        discussion: """
            Queues the intent, waits, and prints the adapter: its id, its folder on the box, and the experts that guided \
            it. The request is durable; if this command is interrupted, the daemon finishes it all the same.

            With -o, the adapter's files are also written to a new folder with your own rights. It appears whole or not \
            at all; names, count and sizes of the files are checked, their digests are not.

              sglorad-ctl request "match definitions of birds to their names" -o birds
              sglorad-ctl request - --seed 7 --label mail < intent.txt

            With --no-wait it prints the request's id as soon as the request is durable; 'sglorad-ctl queue show ID' tells \
            what became of it. With --idempotency-key, a repetition of the same intent is answered with the first request.

            With --spool the intent is dropped into the spool's folder as a file, which needs no daemon at the moment, and \
            the result is waited for there; with --no-wait, the place where it will appear is printed.

            Exits with 2 where no expert is near enough; 'sglorad-ctl explain' shows why, and --force insists.
            """)

    /// How an adapter is made.
    enum Strategy: String, ExpressibleByArgument, CaseIterable, Sendable {
        case auto
        case sgLora = "sg-lora"
        case weighted
        case nearest
        case mean
    }

    /// What form an adapter's files have.
    enum AdapterFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
        case peft
    }

    @Argument(
        help: ArgumentHelp(
            "What is wanted, in plain words, at most 32768 bytes; - reads it from standard input, so that it does not "
                + "stand in the list of processes.", valueName: "text"))
    var text: String

    @OptionGroup var base: BaseOption

    @Option(help: ArgumentHelp("How the adapter is made.", valueName: "strategy"))
    var strategy: Strategy?

    @OptionGroup var guidance: GuidanceOptions

    @Option(
        help: ArgumentHelp(
            "The seed, 0 to 2^53 - 1; without it the daemon draws one and says it.", valueName: "n"))
    var seed: Int?

    @Option(help: ArgumentHelp("What form the files have.", valueName: "format"))
    var format: AdapterFormat?

    @Option(help: ArgumentHelp("A word of your own for the request, at most 256 bytes.", valueName: "label"))
    var label: String?

    @Flag(help: "Make an adapter even where no expert is near enough.")
    var force = false

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("Write the adapter's files to this new folder.", valueName: "dir"))
    var output: String?

    @Flag(help: "Return as soon as the request is durable.")
    var noWait = false

    @Option(
        help: ArgumentHelp(
            "A word of your own, 1 to 256 bytes, under which this intent is asked for once.", valueName: "key"
        ))
    var idempotencyKey: String?

    @OptionGroup var spool: SpoolOptions

    @OptionGroup var connection: Connection

    func validate() throws {
        if noWait, output != nil {
            throw ValidationError(
                "With --no-wait there is no adapter to write yet: leave out -o, and use 'adapter export' later."
            )
        }
    }

    func run() async throws {
        try await connection.run { console in
            let intent = try intent()
            if let directory = spool.directory { return try await drop(intent, into: directory, console) }
            if noWait { return try await submit(intent, console) }
            let destination = try output.map { try ExportDestination(folder: $0) }
            try await connection.withClient { client in
                let (reply, adapter) = try await adapter(for: intent, client)
                if let destination { try await AdapterExport.export(adapter, to: destination, client) }
                try console.emit(reply) { report in
                    report.adapter(adapter)
                    if let destination {
                        report.space()
                        report.line(AdapterExport.sentence(adapter, destination))
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
            formats: format.map { [$0.rawValue] }, label: label, force: force ? true : nil)
    }

    private func submit(_ intent: Wire.Intent, _ console: Output) async throws {
        try await connection.withClient { client in
            let reply = try await client.call(
                Methods.Submit.self, .init(intent: intent, idempotencyKey: idempotencyKey))
            try console.emit(reply) { $0.line(reply.requestId) }
        }
    }

    /// Waits for the request's end and shows its states on the way.
    private func adapter(
        for intent: Wire.Intent, _ client: Client
    ) async throws -> (Methods.Request.Reply, Wire.Adapter) {
        var progress = Progress(otherwise: .nothing)
        defer { progress.clear() }
        var last: Methods.Request.Reply?
        for try await reply in client.stream(
            Methods.Request.self, .init(intent: intent, idempotencyKey: idempotencyKey))
        {
            last = reply
            let stage = reply.request.stage.map { ": \($0)" } ?? ""
            progress.show("\(reply.request.state)\(stage) (request \(reply.request.requestId))", fraction: 0)
        }
        guard let last else {
            throw Failure(
                name: "UnexpectedReply",
                message: "The daemon closed the connection before it answered. Try again.",
                status: .failed)
        }
        guard let adapter = last.adapter else { throw Self.failure(last.request) }
        return (last, adapter)
    }

    /// The failure of a request that ended without an adapter.
    static func failure(_ request: Wire.Request) -> Failure {
        let reason = request.failure ?? "It is \(request.state), and the daemon says no more."
        return Failure(
            name: request.state == "refused" ? "io.sglorad.NoRelevantExpert" : "RequestFailed",
            message: "The request \(request.requestId) made no adapter. \(reason)",
            parameters: ["requestId": .string(request.requestId), "state": .string(request.state)],
            status: request.state == "refused" ? .refused : .failed)
    }
}
