internal import ArgumentParser
internal import CProcess
internal import Daemon
internal import ErrorModel
internal import Foundation
internal import ProcessGuard

/// The daemon's executable.
@main
struct SgloradCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sglorad",
        abstract: "Generate LoRA adapters on the device from intents in plain language.",
        subcommands: [Serve.self, Train.self, Evaluate.self], defaultSubcommand: Serve.self)
}

/// `sglorad` or `sglorad serve`: the daemon itself.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon until SIGTERM (the default).",
        discussion: """
            Serves the varlink interface io.sglorad on a Unix socket, either its own or one passed by \
            systemd (sglorad.socket). To run it without systemd: sglorad --state-dir DIR --socket PATH.

            Every option is also a key of the configuration file (stateDirectory, socket, model, \
            spool.directory, logLevel, workers, queue.capacity, …) and an environment variable \
            (SGLORAD_STATE_DIRECTORY, SGLORAD_SOCKET, …). Options override environment variables, which override the configuration file.

            Exit status: 0 stopped in order, 1 failed, 64 usage, 78 a newer version of sglorad wrote the state directory, \
            which is left as it is.
            """)

    @Option(help: "The folder of the databases, experts and adapters (default: /var/lib/sglorad).")
    var stateDir: String?

    @Option(help: "The path of the socket to create (default: /run/sglorad/io.sglorad).")
    var socket: String?

    @Option(
        help: "The folder of the text encoder (default: found in ~/.cache/sglorad or /usr/share/sglorad)."
    )
    var model: String?

    @Option(help: "The spool folder, in which programs submit intents as files (default: none).")
    var spool: String?

    @Option(name: .customLong("config"), help: "A configuration file in YAML.")
    var configurationFile: String?

    @Option(help: "The log level: trace, debug, info, notice, warning, error or critical (default: info).")
    var logLevel: String?

    /// The exit status where a newer version wrote the state directory: `EX_CONFIG` of sysexits.h.
    private static let newerState: Int32 = 78

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        do {
            // Files are private to the daemon unless it grants access explicitly.
            umask(0o077)
            try ProcessMemory.keepPrivate()
            sglorad_bound_heaps()
            let commandLine = CommandLineOptions(
                configurationFile: configurationFile, stateDirectory: stateDir, socket: socket, model: model,
                spool: spool, logLevel: logLevel)
            let options = try await DaemonOptions.load(commandLine, environment: environment)
            try await SgloradDaemon(options: options, environment: environment) {
                try await DaemonOptions.load(commandLine, environment: environment)
            }.run()
        } catch let error as SgloradError {
            FileHandle.standardError.write(Data("sglorad: \(error)\nNext, \(error.remedy)\n".utf8))
            throw ExitCode(error.isNewerState ? Self.newerState : 1)
        }
    }
}
