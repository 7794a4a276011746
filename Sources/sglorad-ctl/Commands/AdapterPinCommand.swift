import ArgumentParser
import ControlProtocol

/// `adapter pin`: an adapter is kept, whatever the cache's limits.
struct AdapterPinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Keep an adapter from being evicted.",
        discussion: "A pinned adapter still counts towards cache.maximumBytes.")

    @Argument(help: ArgumentHelp("The adapter's id.", valueName: "id"))
    var adapter: String

    @Flag(help: "Let go of it again.")
    var off = false

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(
                Methods.PinAdapter.self, .init(adapterId: adapter, pinned: !off))
            try output.emit(reply) { report in
                report.line(
                    off
                        ? "The adapter \(reply.adapter.adapterId) may be evicted again."
                        : "The adapter \(reply.adapter.adapterId) is kept until it is removed.")
            }
        }
    }
}
