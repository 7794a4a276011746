internal import ArgumentParser
internal import ErrorModel
internal import SgloradInterface
internal import Varlink

struct GeneratorEvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Evaluate a generator against merging baselines, by recall on retrieval tasks.",
        discussion: """
            DIR holds one JSON file per task: its name, description, pool of texts, and queries with the index of the \
            correct text. Held-out tasks (no expert has their name) are evaluated with the whole library. Leave-out tasks \
            (an expert has their name) are cross-validated over eight folds: the experts of the task's fold are left out, \
            and a generator is trained on the rest. The base model must be the daemon's text encoder. The evaluation runs \
            in a low-priority process; 80 tasks take minutes. The same library, generator, tasks and seed give the same \
            results. Ctrl-C cancels the evaluation.

            The methods of other systems than sg-lora (multi-task, metalora, lora-gen) are evaluated if a generator of that system is in use; it is \
            trained anew for each fold, with the texts of --training if it was trained with them.

            With --engine, the base model is a language model that the daemon's llama-server runs (engine.program in its \
            configuration): it answers each query with one of the task's own labels, those texts of the pool that answer any \
            of its queries. An answer takes about a second, so choose few queries, and few methods beside base, mean, nearest, \
            weighted and sg-lora, which are the default here. An evaluation that was cancelled \
            goes on where it ended when the same command is repeated.

            With --examples, also shows what examples of the tasks are worth: recall with the first 4, 8, 16 and 32 lines of \
            DIR/TASK.jsonl, in the form of 'request --examples', with and without their answers, merged by the strategy \
            weighted-examples, and as a control with those of another task. Each is computed as a request would be, but refined \
            without a limit of time; one takes seconds. Where the task files state {"recallAt1": {"oracle": …}}, or an expert was \
            trained on the task, the share of that gain is shown. No example may be a query. If a generator of icm-lora is in use, \
            the table also has what it makes of the examples, not refined, with its control and its ablations.

            With --closed-world, also shows how well icm-lora reproduces the experts of the library, which are not left out: from \
            the first 16 answered texts of --training or --examples that are no queries, beside the experts themselves, nearest \
            and base.

            With --costs, also shows what one adapter costs by each method: the time from the description's embedding to the \
            adapter's parameters, and the size of the generator, which the daemon maps meanwhile. Times differ from run to run.

            Methods: \(ComparedMethod.allCases.map(\.rawValue).joined(separator: ", ")).

              sglorad-ctl generator evaluate --tasks tasks --html report.html
              sglorad-ctl generator evaluate --tasks tasks --methods base,sg-lora --examples examples
              sglorad-ctl generator evaluate --tasks tasks --engine --queries 60
            """)

    @Option(help: ArgumentHelp("The folder of the task files.", valueName: "dir"), completion: .directory)
    var tasks: String

    @Option(
        help: ArgumentHelp(
            "A folder of other texts that the folds learn from, as for 'generator train'.", valueName: "dir"),
        completion: .directory)
    var training: String?

    @OptionGroup var base: BaseOption

    @Option(
        help: ArgumentHelp(
            "A generator to evaluate instead of the one of its system in use.", valueName: "id"))
    var generator: String?

    @Flag(help: "Evaluate held-out tasks (default: both kinds).")
    var heldOut = false

    @Flag(help: "Evaluate leave-out tasks (default: both kinds).")
    var leaveOut = false

    @Flag(help: "Also judge how icm-lora reproduces the experts of the library.")
    var closedWorld = false

    @Option(
        help: ArgumentHelp("The methods to compare, separated by commas (default: all).", valueName: "names"))
    var methods: String?

    @Option(help: ArgumentHelp("The seed of sampling and of the bootstrap.", valueName: "n"))
    var seed: Int?

    @Option(help: ArgumentHelp("Judge at most so many queries of a task (default: all).", valueName: "n"))
    var queries: Int?

    @Option(
        help: ArgumentHelp(
            "Judge requests with examples too: a folder of TASK.jsonl files.", valueName: "dir"),
        completion: .directory)
    var examples: String?

    @Option(
        help: ArgumentHelp(
            "The texts that compete: a task's whole pool, or its own labels (default: pool).",
            valueName: "labels"))
    var labels: Labels?

    @Flag(help: "Have llama-server run the base model, a language model.")
    var engine = false

    @Flag(help: "Also measure what one adapter costs by each method, in time and memory.")
    var costs = false

    @OptionGroup var page: PageOptions

    @OptionGroup var connection: Connection

    /// Which texts of a pool compete, with the names of the protocol.
    enum Labels: String, ExpressibleByArgument, CaseIterable, Sendable {
        case own
        case pool
    }

    func validate() throws {
        if closedWorld, engine || (training == nil && examples == nil) {
            throw ValidationError(
                "'--closed-world' needs texts of the experts' tasks, in --training or --examples, and excludes '--engine'."
            )
        }
        if engine, examples != nil {
            throw ValidationError(
                "'--examples' cannot be combined with '--engine': only adapters of the text encoder are refined."
            )
        }
    }

    func run() async throws {
        try await connection.run { output in
            let destination = try page.destination(json: output.json)
            let judged = try TaskFolderReader.tasks(inFolder: tasks, examples: examples)
            let texts = try training.map { folder in
                try TrainingFolderReader.texts(inFolder: folder, besides: judged)
            }
            let parameters = Methods.EvaluateGenerator.Parameters(
                base: base.base, generatorId: generator, tasks: judged, training: texts,
                leaveOut: leaveOut ? true : nil, heldOut: heldOut ? true : nil,
                closedWorld: closedWorld ? true : nil,
                methods: methods.map { $0.split(separator: ",").map { String($0.filter { $0 != " " }) } },
                seed: seed, queries: queries, labels: labels?.rawValue, engine: engine ? true : nil,
                costs: costs ? true : nil)
            let notice =
                "The evaluation was cancelled."
                + (engine ? " The answers so far are kept; repeat the command to go on." : "")
            try await connection.withClient { client in
                let reply = try await Interruption.guarding(client, notice: notice) {
                    try await client.follow(
                        Methods.EvaluateGenerator.self, parameters, work: "evaluation",
                        progress: { $0.progress }, until: { $0.report != nil })
                }
                guard let found = reply.report else { throw Failure.incomplete("evaluation") }
                var sentence: String?
                if let destination {
                    sentence = try destination.write(ReportPage(found).html, mode: 0o666)
                    if case .standardOutput = destination { return }
                }
                try output.emit(Methods.EvaluateGenerator.Reply(report: found)) { report in
                    report.evaluation(found)
                    if let sentence { report.line(sentence) }
                }
            }
        }
    }
}
