internal import ArgumentParser
internal import SgloradInterface

struct QueueCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel a request.",
        discussion: """
            A queued request is cancelled immediately. A running one stops before its next stage, or completes if its \
            adapter is already being published. A finished one stays as it is.
            """)

    @OptionGroup var request: RequestArgument
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.CancelRequest.self, .init(requestId: request.id)) { report, reply in
            report.line(Self.sentence(reply.request))
        }
    }

    /// The effect of the cancellation.
    static func sentence(_ request: Wire.QueuedRequest) -> String {
        switch request.state {
        case "cancelled": "The request was cancelled."
        case "running":
            "The request is running and will stop before its next stage; check it with 'queue show'."
        default: "The request had already finished: it is \(request.state)."
        }
    }
}
