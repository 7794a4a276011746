internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct GeneratorTrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a generator on the library.",
        discussion: """
            The daemon trains in a low-priority process and keeps serving requests; the previous generator stays in use \
            until the new one is complete. Ctrl-C cancels the training.

            With --tasks, a folder with the experts' own tasks (one JSON file per task, with the expert's name), the \
            generator also learns how closely to follow the nearest experts, and is validated by recall on left-out \
            experts; this takes minutes. Without --tasks it is validated by the parameters of left-out experts.

            Omitted options take the daemon's defaults. Progress is printed on standard error.

              sglorad-ctl generator train --tasks tasks --seed 7
            """)

    @Option(
        help: ArgumentHelp(
            "The folder of the experts' task files, as for 'generator evaluate'.", valueName: "dir"),
        completion: .directory)
    var tasks: String?

    @OptionGroup var base: BaseOption

    @Option(help: ArgumentHelp("The seed of the training.", valueName: "n"))
    var seed: Int?

    @Option(help: ArgumentHelp("The number of training steps.", valueName: "n"))
    var steps: Int?

    @Option(help: ArgumentHelp("The number of principal directions of the library to keep.", valueName: "n"))
    var directions: Int?

    @Option(help: ArgumentHelp("The dimension of the latent vector.", valueName: "n"))
    var latent: Int?

    @Option(help: ArgumentHelp("The width of the hidden layers.", valueName: "n"))
    var width: Int?

    @OptionGroup var guidance: GuidanceOptions
    @OptionGroup var connection: Connection

    /// The message after a training was cancelled.
    static let cancelled =
        "The training was cancelled. The previous generator, if there is one, stays in use."

    func run() async throws {
        try await connection.runWithClient { client, output in
            let options = Wire.TrainingOptions(
                seed: seed, steps: steps, directions: directions, latent: latent, width: width,
                topK: guidance.topK, temperature: guidance.temperature,
                proximity: guidance.proximity?.rawValue)
            let tasks = try self.tasks.map { folder in try TaskFolderReader.tasks(inFolder: folder) }
            let reply = try await Interruption.guarding(client, notice: Self.cancelled) {
                try await client.follow(
                    Methods.TrainGenerator.self, .init(base: base.base, options: options, tasks: tasks),
                    work: "training", progress: { $0.progress }, until: { $0.generator != nil })
            }
            try output.emit(reply) { report in
                if let generator = reply.generator { report.generator(generator) }
            }
        }
    }
}
