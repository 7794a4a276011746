internal import ArgumentParser
internal import ErrorModel
internal import Glibc
internal import ProcessGuard

/// The command line of the sglorad daemon.
@main
struct SgloradControl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sglorad-ctl",
        abstract: "Request LoRA adapters from the sglorad daemon, and manage its expert library.",
        discussion: """
            The daemon turns an intent, a plain-language description of a task, into a LoRA adapter for a base model on \
            this machine. It generates the adapter from the nearest experts of its library, locally and without training.

              sglorad-ctl expert import adapters/*
              sglorad-ctl generator train
              sglorad-ctl request "route requests about travel bookings" -o travel

            Without a command, it shows the five commands of a first day.

            Exit status: 0 success, 1 failure, 2 refused because no expert is similar enough, 64 usage error, 65 invalid \
            input, 69 daemon unavailable, 75 busy (retry later), 77 permission denied, 130 interrupted with Ctrl-C.
            """,
        version: SgloradRelease.version,
        subcommands: [
            RequestCommand.self, ExplainCommand.self, EncodeCommand.self, StatusCommand.self,
            DoctorCommand.self, MonitorCommand.self, MetricsCommand.self,
            SpoolCommand.self, QueueCommand.self, ForgetCommand.self, BaseCommand.self,
            ExpertCommand.self, GeneratorCommand.self, AdapterCommand.self, CacheCommand.self,
        ])

    /// Called without a command: shows the first day's, and exits with 0, as for `help`.
    func run() throws { try Output(json: false).emit(text: FirstDay.page) }

    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Runs the command, with the texts among its arguments and in its memory out of other users' sight.
    static func main() async {
        do throws(SgloradError) {
            try ProcessMemory.keepPrivate()
        } catch {
            exit(withError: error)
        }
        let arguments = ProcessMemory.takeArguments()
        RunningCommand.record(arguments)
        do {
            var command = try parseAsRoot(DashedText.marked(arguments))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            if let hint = DashedText.hint(arguments, error: message(for: error)) { Self.say(hint) }
            exit(withError: error)
        }
    }
}
