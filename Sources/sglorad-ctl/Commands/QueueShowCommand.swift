internal import ArgumentParser
internal import SgloradInterface

struct QueueShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a request: its state, its adapter, or why it failed.")

    @OptionGroup var request: RequestArgument
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.GetRequest.self, .init(requestId: request.id)) { report, reply in
            report.request(reply.request)
        }
    }
}
