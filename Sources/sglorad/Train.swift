import ArgumentParser
import SgloradCore

/// `sglorad train FOLDER`: the child process that the daemon starts for a training.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a generator from a job's folder; the daemon starts this itself.",
        shouldDisplay: false)

    @Argument(help: "The folder that holds job.json; the generator is written into it.")
    var folder: String

    func run() throws {
        throw ExitCode(TrainingChild.run(folder: folder))
    }
}
