import ArgumentParser
import ControlProtocol
import ErrorModel

/// `generator evaluate`: a generator beside every other way to an adapter, by recall on tasks.
struct GeneratorEvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Judge a generator beside every other way to an adapter, by recall on tasks.",
        discussion: """
            DIR holds one JSON file a task: its name, description, pool of texts and queries with the place of the right \
            text. Tasks whose names are no experts' are judged as they are (held-out); the others with the expert of that \
            name left out, by eight folds, on each of which a generator is trained anew (leave-out). Every method is run \
            with the base model itself, in a process of low priority; a run over 80 tasks takes minutes. The same library, \
            generator, tasks and seed give the same figures. Ctrl-C calls the evaluation off.

            Methods: base, mean, nearest, equal, weighted, weighted-tuned, sum, sg-lora-mean, sg-lora, sg-lora-densest, \
            deterministic, sg-lora-nonsense, auto, oracle.

              sglorad-ctl generator evaluate --tasks tasks --html report.html
            """)

    @Option(help: ArgumentHelp("The folder of the task files.", valueName: "dir"), completion: .directory)
    var tasks: String

    @OptionGroup var base: BaseOption

    @Option(
        help: ArgumentHelp("The generator that is judged (default: the one that serves).", valueName: "id"))
    var generator: String?

    @Flag(help: "Judge tasks that no expert was trained on (default: both).")
    var heldOut = false

    @Flag(help: "Judge experts on their own tasks, left out (default: both).")
    var leaveOut = false

    @Option(
        help: ArgumentHelp(
            "The methods to compare, with commas between them (default: all).", valueName: "names"))
    var methods: String?

    @Option(help: ArgumentHelp("The seed of samples and intervals.", valueName: "n"))
    var seed: Int?

    @Option(
        help: ArgumentHelp("Write the report as a page with its plots, too.", valueName: "file"),
        completion: .file())
    var html: String?

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.run { output in
            let destination = try html.map { path throws(SgloradError) in try ExportDestination(file: path) }
            let parameters = Methods.EvaluateGenerator.Parameters(
                base: base.base, generatorId: generator, tasks: try TaskFolderReader.tasks(inFolder: tasks),
                leaveOut: leaveOut ? true : nil, heldOut: heldOut ? true : nil,
                methods: methods.map { $0.split(separator: ",").map { String($0.filter { $0 != " " }) } },
                seed: seed,
                html: html == nil ? nil : true)
            try await connection.withClient { client in
                let found = try await Interruption.guarding(client, notice: "The evaluation was called off.")
                {
                    try await evaluate(client, parameters)
                }
                if let destination, let page = found.page { try NewFile.write(page, to: destination) }
                try output.emit(Methods.EvaluateGenerator.Reply(report: found.report)) { report in
                    if let found = found.report { report.evaluation(found) }
                    if let destination { report.line("Wrote the page to \(destination.path).") }
                }
            }
        }
    }

    private func evaluate(
        _ client: Client, _ parameters: Methods.EvaluateGenerator.Parameters
    ) async throws -> Methods.EvaluateGenerator.Reply {
        var progress = Progress(otherwise: .everyTenth)
        defer { progress.clear() }
        var page: String?
        var stage = ""
        for try await reply in client.stream(Methods.EvaluateGenerator.self, parameters) {
            page = reply.page ?? page
            if let report = reply.report { return .init(report: report, page: page) }
            guard let state = reply.progress else { continue }
            if state.stage != stage {
                progress.clear()
                progress = Progress(otherwise: .everyTenth)
                stage = state.stage
            }
            let fraction = state.total > 0 ? Double(state.done) / Double(state.total) : 0
            progress.show(Progress.line(state, columns: StandardError.columns), fraction: fraction)
        }
        throw Failure(
            name: "UnexpectedReply",
            message:
                "The daemon ended the evaluation without a report and without an error. Look at its journal.",
            status: .failed)
    }
}
