internal import Adaptation
internal import ArgumentParser
internal import CProcess
internal import ProcessGuard

/// A subcommand that the daemon runs as a child process, to work on one job at low priority.
protocol ChildCommand: ParsableCommand {
    var job: JobArgument { get }
    /// Works on the job in `folder`.
    ///
    /// - Returns: the exit status: 0 if the result was written there, 1 if a failure was reported.
    static func work(folder: String) -> Int32
}

extension ChildCommand {
    func run() throws {
        // A program with another name traps them before it knows its subcommand.
        sglorad_release_stop_signals()
        try ProcessMemory.keepPrivate()
        throw ExitCode(Self.work(folder: job.folder))
    }
}

struct JobArgument: ParsableArguments {
    @Argument(help: "The folder that holds job.json; the result is written into it.")
    var folder: String
}

/// `sglorad train FOLDER`.
struct Train: ChildCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a generator as described by a job folder; started by the daemon itself.",
        shouldDisplay: false)

    @OptionGroup var job: JobArgument

    static func work(folder: String) -> Int32 { TrainingChild.run(folder: folder) }
}

/// `sglorad evaluate FOLDER`.
struct Evaluate: ChildCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluate a generator as described by a job folder; started by the daemon itself.",
        shouldDisplay: false)

    @OptionGroup var job: JobArgument

    static func work(folder: String) -> Int32 { EvaluationChild.run(folder: folder) }
}
