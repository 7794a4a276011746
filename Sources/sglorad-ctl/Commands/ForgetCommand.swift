import ArgumentParser
import ControlProtocol

/// `forget`: what was asked for is erased, with all that came of it.
struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Erase what was asked for, and all that came of it.",
        discussion: """
            Erases the intent's text, its label, the adapter with its files, and the result in the spool; with --label and \\
            --all, rejected files of the spool too. A request that has not ended is called off first. Says what it erased. \\
            A backup that is restored later does not bring it back.

              sglorad-ctl forget r-0b3f…
              sglorad-ctl forget --label mail
              sglorad-ctl forget --all

            Adapters that you have exported are yours: they are where you put them.
            """)

    @Argument(help: ArgumentHelp("The id of the request to forget.", valueName: "id"))
    var request: String?

    @Option(help: ArgumentHelp("Forget every request of yours with this label.", valueName: "label"))
    var label: String?

    @Flag(help: "Forget everything of yours.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "With --label or --all: forget this user's and not your own; for administrators.",
            valueName: "uid"))
    var uid: Int?

    @OptionGroup var connection: Connection

    func validate() throws {
        guard [request != nil, label != nil, all].count(where: { $0 }) == 1 else {
            throw ValidationError(
                "Say what to forget: a request's id, --label or --all, and one of them alone.")
        }
        if uid != nil, request != nil {
            throw ValidationError("A request's id says whose it is: leave out --uid.")
        }
    }

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.Forget.self,
                .init(requestId: request, label: label, all: all ? true : nil, uid: uid))
            try output.emit(reply) { report in
                report.line(Self.sentence(reply))
                for id in reply.requests + reply.adapters { report.line(id) }
            }
        }
    }

    /// What was erased, in one sentence.
    static func sentence(_ reply: Methods.Forget.Reply) -> String {
        let parts = [
            (reply.requests.count, "request"), (reply.adapters.count, "adapter"),
            (reply.results, "result of the spool"), (reply.files, "file of the spool"),
        ].filter { $0.0 > 0 }.map { count, name in
            let plural = name.split(separator: " ", maxSplits: 1)
            return count == 1
                ? "1 \(name)" : "\(count) \(plural[0])s" + (plural.count > 1 ? " \(plural[1])" : "")
        }
        guard let last = parts.last else { return "There was nothing to forget." }
        let rest = parts.dropLast().joined(separator: ", ")
        return "Forgotten: \(rest.isEmpty ? last : rest + " and " + last)."
    }
}
