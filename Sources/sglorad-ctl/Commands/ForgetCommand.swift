internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Erase requests and everything derived from them.",
        discussion: """
            Erases the intent's text, its label, its adapter with all files, and its result in the spool; with --label or \
            --all also files in the spool that were rejected or not yet taken in. A request that has not finished is \
            cancelled first. Prints what was erased, and exits with 1 if something is left, which it names. Restoring a \
            backup does not bring erased data back.

              sglorad-ctl forget r-0b3f…
              sglorad-ctl forget --label mail
              sglorad-ctl forget --all

            Exported copies of adapters are not erased.
            """)

    @Argument(help: ArgumentHelp("The id of the request to erase.", valueName: "id"))
    var request: String?

    @Option(help: ArgumentHelp("Erase all your requests with this label.", valueName: "label"))
    var label: String?

    @Flag(help: "Erase everything of yours.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "With --label or --all: erase another user's data instead of yours (administrators only).",
            valueName: "uid"))
    var uid: Int?

    @OptionGroup var connection: Connection

    func validate() throws {
        guard [request != nil, label != nil, all].count(where: { $0 }) == 1 else {
            throw ValidationError(
                "Specify what to erase: exactly one of a request's id, --label and --all.")
        }
        if uid != nil, request != nil {
            throw ValidationError("Omit --uid: a request's id already determines the user.")
        }
    }

    func run() async throws {
        try await connection.runWithClient { client, console in
            let reply = try await client.call(
                Methods.Forget.self,
                .init(requestId: request, label: label, all: all ? true : nil, uid: uid))
            try console.emit(reply) { report in
                report.line(Self.sentence(reply))
                for id in reply.requests + reply.adapters { report.line(id) }
                for leftover in reply.left ?? [] { report.line("Left: \(leftover.path). \(leftover.reason)") }
            }
            if reply.left?.isEmpty == false { throw ExitCode(ExitStatus.failed.rawValue) }
        }
    }

    /// A summary of what was erased.
    static func sentence(_ reply: Methods.Forget.Reply) -> String {
        let parts = [
            (reply.requests.count, "request"), (reply.adapters.count, "adapter"),
            (reply.results, "spool result"), (reply.files, "spool file"),
        ].filter { $0.0 > 0 }.map { Format.count($0.0, $0.1) }
        guard let last = parts.last else { return "Nothing to erase." }
        let rest = parts.dropLast().joined(separator: ", ")
        return "Erased \(rest.isEmpty ? last : rest + " and " + last)."
    }
}
