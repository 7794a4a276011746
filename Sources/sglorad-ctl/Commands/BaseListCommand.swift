import ArgumentParser
import ControlProtocol

/// `base list`: all base models.
struct BaseListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the base models.",
        discussion:
            "ENCODES says whether the box's text encoder is this model, so that 'encode' can apply its adapters."
    )

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.ListBases.self, .init())
            try output.emit(reply) { $0.bases(reply.bases) }
        }
    }
}
