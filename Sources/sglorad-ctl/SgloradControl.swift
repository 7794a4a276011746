import ArgumentParser

/// The command line of the sglorad daemon.
@main
struct SgloradControl: AsyncParsableCommand {
    /// The version of this program; daemon and command line are of one release.
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "sglorad-ctl",
        abstract: "Ask the sglorad daemon for LoRA adapters, and look after its library.",
        discussion: """
            The daemon turns an intent in plain words into a LoRA adapter for this box's own base model, on the box, \
            without training and without the network.

              sglorad-ctl expert import adapters/*
              sglorad-ctl generator train
              sglorad-ctl request "route requests about travel bookings" -o travel

            Exit status: 0 done, 1 failed, 2 refused because no expert is near enough, 64 wrong usage, 65 wrong data, \
            69 the daemon cannot be reached, 75 too busy, 77 not allowed, 130 called off with Ctrl-C.
            """,
        version: version,
        subcommands: [
            RequestCommand.self, ExplainCommand.self, EncodeCommand.self, StatusCommand.self,
            DoctorCommand.self, MonitorCommand.self, MetricsCommand.self,
            QueueCommand.self, ForgetCommand.self, BaseCommand.self,
            ExpertCommand.self, GeneratorCommand.self, AdapterCommand.self, CacheCommand.self,
        ])
}
