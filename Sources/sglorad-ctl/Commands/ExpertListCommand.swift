import ArgumentParser
import ControlProtocol

/// `expert list`: the library's experts.
struct ExpertListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the experts of the library.")

    @OptionGroup var base: BaseFilter
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.ListExperts.self, .init(base: base.base))
            try output.emit(reply) { $0.experts(reply.experts) }
        }
    }
}
