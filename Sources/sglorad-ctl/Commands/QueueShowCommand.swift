import ArgumentParser
import ControlProtocol

/// `queue show`: one request.
struct QueueShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show one request: its state, and why it failed if it did.")

    @Argument(help: ArgumentHelp("The request's id.", valueName: "id"))
    var request: String

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.GetRequest.self, .init(requestId: request))
            try output.emit(reply) { $0.request(reply.request) }
        }
    }
}
