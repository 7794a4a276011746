import ArgumentParser
import ControlProtocol

/// `generator cancel`: a training is called off.
struct GeneratorCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Call off the training that is going on.",
        discussion: "The earlier generator stays in use. Where nothing is being trained, nothing changes.")

    @OptionGroup var base: BaseOption
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            let reply = try await client.call(Methods.CancelTraining.self, .init(base: base.base))
            try output.emit(reply) { report in
                report.line(
                    reply.cancelled
                        ? "The training was called off. The earlier generator, if there is one, stays in use."
                        : "Nothing is being trained.")
            }
        }
    }
}
