internal import ArgumentParser
internal import ErrorModel

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
}
