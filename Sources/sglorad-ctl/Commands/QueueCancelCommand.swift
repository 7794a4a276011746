import ArgumentParser
import ControlProtocol

/// `queue cancel`: a request is called off.
struct QueueCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Call a request off.",
        discussion: """
            One that waits is cancelled at once. One that is running ends at its next stage, or is done where its adapter \
            was already being published. One that has ended stays as it is.
            """)

    @Argument(help: ArgumentHelp("The request's id.", valueName: "id"))
    var request: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.CancelRequest.self, .init(requestId: request))
            try output.emit(reply) { report in report.line(Self.sentence(reply.request)) }
        }
    }

    /// What became of a request that was called off.
    static func sentence(_ request: Wire.Request) -> String {
        switch request.state {
        case "cancelled": "The request is cancelled."
        case "running": "The request is running and ends at its next stage; 'queue show' tells how."
        default: "The request had already ended: it is \(request.state)."
        }
    }
}
