import ArgumentParser
import ControlProtocol

/// `generator train`: a generator learns from the library.
struct GeneratorTrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a generator on the library.",
        discussion: """
            The daemon trains in a process of low priority and goes on serving; the earlier generator stays in use until \
            the new one is complete. Ctrl-C calls the training off.

            With --tasks, a folder of the experts' own tasks (one JSON file each, named in it as the expert is), the \
            generator also learns how far to follow its neighbours, and is judged by recall on experts that were left out; \
            that takes minutes. Without it, it is judged by the left-out experts' parameters.

            What is left out takes its default. Progress goes to standard error.

              sglorad-ctl generator train --tasks tasks --seed 7
            """)

    @Option(
        help: ArgumentHelp("The folder of the experts' own tasks, as for evaluate.", valueName: "dir"),
        completion: .directory)
    var tasks: String?

    @OptionGroup var base: BaseOption

    @Option(help: ArgumentHelp("The seed of the training.", valueName: "n"))
    var seed: Int?

    @Option(help: ArgumentHelp("How many steps are trained.", valueName: "n"))
    var steps: Int?

    @Option(help: ArgumentHelp("How many principal directions of the library are kept.", valueName: "n"))
    var directions: Int?

    @Option(help: ArgumentHelp("How many numbers the latent vector has.", valueName: "n"))
    var latent: Int?

    @Option(help: ArgumentHelp("How wide the hidden layers are.", valueName: "n"))
    var width: Int?

    @OptionGroup var guidance: GuidanceOptions
    @OptionGroup var connection: Connection

    /// What is said when the training is called off from here.
    private static let notice =
        "The training was called off. The earlier generator, if there is one, stays in use."

    func run() async throws {
        try await connection.runWithClient { client, output in
            let options = Wire.TrainingOptions(
                seed: seed, steps: steps, directions: directions, latent: latent, width: width,
                topK: guidance.topK,
                temperature: guidance.temperature, proximity: guidance.proximity?.rawValue)
            let tasks = try self.tasks.map { folder in try TaskFolderReader.tasks(inFolder: folder) }
            let reply = try await Interruption.guarding(client, notice: Self.notice) {
                try await train(client, options, tasks)
            }
            try output.emit(reply) { report in
                if let generator = reply.generator { report.generator(generator) }
            }
        }
    }

    private func train(
        _ client: Client, _ options: Wire.TrainingOptions, _ tasks: [Wire.EvaluationTask]?
    ) async throws -> Methods.TrainGenerator.Reply {
        var progress = Progress(otherwise: .everyTenth)
        defer { progress.clear() }
        for try await reply in client.stream(
            Methods.TrainGenerator.self, .init(base: base.base, options: options, tasks: tasks))
        {
            if reply.generator != nil { return reply }
            guard let state = reply.progress else { continue }
            let fraction = state.total > 0 ? Double(state.step) / Double(state.total) : 0
            progress.show(Progress.line(state, columns: StandardError.columns), fraction: fraction)
        }
        throw Failure(
            name: "UnexpectedReply",
            message:
                "The daemon ended the training without a generator and without an error. Look at its journal.",
            status: .failed)
    }
}
