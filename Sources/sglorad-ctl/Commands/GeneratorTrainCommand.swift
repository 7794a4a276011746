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

            With --system, another system is trained, which serves the strategy of its name beside the others: multi-task is one \
            adapter for all intents, trained on the experts' tasks by their loss; metalora has cores of a tensor (--tensor) that \
            all tasks share, and a net that makes a seed for each site of the description; lora-gen has a pool of eight experts, \
            of which a router mixes two in each layer. They need --tasks, or texts in --training, and a base model that is the \
            daemon's text encoder. The verdict compares each with its control: multi-task with the library's mean, from which it \
            begins, metalora with static seeds, lora-gen with constant gates.

            icm-lora is a conditional VAE whose condition is made of a task's examples, for requests with --examples. It learns from \
            the experts' parameters, and from texts with answers of every expert: the first 64 of --training, or of an expert \
            without, the first queries of its task. Its verdict is by recall where tasks are given and the base model is the text \
            encoder, otherwise by parameters; its control is weighted-examples with the same examples.

            With --training, a folder with one file of JSON Lines per task, EXPERT.jsonl, whose lines are {"text": …, "answer": …}, \
            the generator learns from those texts, and the tasks only judge it.

            With --engine, the base model is a language model that the daemon's llama-server runs (engine.program in its \
            configuration). The generator learns from parameters; how many experts guide, how sharply, and whether its \
            correction is applied is chosen by the answers to at most 20 queries of each task, with each expert's fold left \
            out, and so is its verdict. This takes more than an hour for 28 tasks. A training that was cancelled goes on where it \
            ended when the same command is repeated.

            Omitted options take the daemon's defaults. Progress is printed on standard error.

              sglorad-ctl generator train --tasks tasks --seed 7
              sglorad-ctl generator train --system multi-task --tasks tasks --training texts
            """)

    /// The systems, by the names of the protocol.
    enum System: String, ExpressibleByArgument, CaseIterable, Sendable {
        case sgLora = "sg-lora"
        case multiTask = "multi-task"
        case metaLoRA = "metalora"
        case loRAGen = "lora-gen"
        case icmLoRA = "icm-lora"
    }

    /// How metalora contracts cores and seed.
    enum Tensor: String, ExpressibleByArgument, CaseIterable, Sendable {
        case cp
        case ring
    }

    @Option(help: ArgumentHelp("The system to train (default: sg-lora).", valueName: "system"))
    var system: System?

    @Option(
        help: ArgumentHelp(
            "The folder of the experts' task files, as for 'generator evaluate'.", valueName: "dir"),
        completion: .directory)
    var tasks: String?

    @Option(
        help: ArgumentHelp("A folder of other texts to learn from, in JSON Lines.", valueName: "dir"),
        completion: .directory)
    var training: String?

    @Flag(help: "Have llama-server run the base model, a language model; needs --tasks.")
    var engine = false

    @OptionGroup var base: BaseOption

    @Option(help: ArgumentHelp("The seed of the training.", valueName: "n"))
    var seed: Int?

    @Option(help: ArgumentHelp("The number of training steps.", valueName: "n"))
    var steps: Int?

    @Option(help: ArgumentHelp("The number of tasks per step, if tasks alone train.", valueName: "n"))
    var tasksPerStep: Int?

    @Option(help: ArgumentHelp("The tensor of metalora (default: cp).", valueName: "form"))
    var tensor: Tensor?

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

    func validate() throws {
        guard !engine || tasks != nil else {
            throw ValidationError("With --engine, name the folder of the experts' task files with --tasks.")
        }
        guard system ?? .sgLora == .sgLora || tasks != nil || training != nil else {
            throw ValidationError(
                "The system \(system?.rawValue ?? "") learns from the experts' tasks; name their folder with --tasks, or that of "
                    + "texts with answers with --training.")
        }
    }

    func run() async throws {
        try await connection.runWithClient { client, output in
            let options = Wire.TrainingOptions(
                system: system?.rawValue, tensor: tensor?.rawValue, tasksPerStep: tasksPerStep, seed: seed,
                steps: steps,
                directions: directions, latent: latent, width: width,
                topK: guidance.topK, temperature: guidance.temperature,
                proximity: guidance.proximity?.rawValue)
            let tasks = try self.tasks.map { folder in try TaskFolderReader.tasks(inFolder: folder) }
            let texts = try self.training.map { folder in
                try TrainingFolderReader.texts(inFolder: folder, besides: tasks ?? [])
            }
            let notice =
                Self.cancelled + (engine ? " The answers so far are kept; repeat the command to go on." : "")
            let reply = try await Interruption.guarding(client, notice: notice) {
                try await client.follow(
                    Methods.TrainGenerator.self,
                    .init(
                        base: base.base, options: options, tasks: tasks, training: texts,
                        engine: engine ? true : nil),
                    work: "training", progress: { $0.progress }, until: { $0.generator != nil })
            }
            try output.emit(reply) { report in
                if let generator = reply.generator { report.generator(generator) }
            }
        }
    }
}
