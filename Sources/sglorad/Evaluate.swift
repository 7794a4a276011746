import ArgumentParser
import SgloradCore

/// `sglorad evaluate FOLDER`: the child process that the daemon starts for an evaluation.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Judge adapters by a job's folder; the daemon starts this itself.",
        shouldDisplay: false)

    @Argument(help: "The folder that holds job.json; the report is written into it.")
    var folder: String

    func run() throws {
        throw ExitCode(EvaluationChild.run(folder: folder))
    }
}
