internal import ArgumentParser
internal import SgloradInterface

struct GeneratorCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel the training in progress.",
        discussion: "The previous generator stays in use. Does nothing if no training is in progress.")

    @OptionGroup var base: BaseOption
    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run(Methods.CancelTraining.self, .init(base: base.base)) { report, reply in
            report.line(
                reply.cancelled ? GeneratorTrainCommand.cancelled : "There is no training in progress.")
        }
    }
}
