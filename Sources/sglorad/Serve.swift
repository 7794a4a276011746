import ArgumentParser
import ErrorModel
import Foundation
import SgloradCore

/// `sglorad`, or `sglorad serve`: the daemon itself.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the daemon until SIGTERM (the default).",
        discussion: """
            Serves the varlink interface io.sglorad on a Unix socket, which systemd may pass (sglorad.socket). Without \
            systemd: sglorad --state-dir DIR --socket PATH. Every option is also a key of the configuration file \
            (stateDirectory, socket, model, spool.directory, logLevel, workers, queue.capacity, …) and an environment variable \
            (SGLORAD_STATE_DIRECTORY, SGLORAD_SOCKET, …); the command line goes first, the file last.
            """)

    @Option(help: "Where databases, experts and adapters are kept (default: /var/lib/sglorad).")
    var stateDir: String?

    @Option(help: "Where the socket is made (default: /run/sglorad/io.sglorad).")
    var socket: String?

    @Option(help: "The text encoder's folder (default: searched in ~/.cache/sglorad and /usr/share/sglorad).")
    var model: String?

    @Option(help: "The folder that programs can drop intents into (default: none).")
    var spool: String?

    @Option(name: .customLong("config"), help: "A configuration file in YAML.")
    var configurationFile: String?

    @Option(help: "What is logged: trace, debug, info, notice, warning, error or critical (default: info).")
    var logLevel: String?

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        do {
            // What the daemon writes is its own, but for what it opens to somebody by name.
            umask(0o077)
            try CoreDumps.forbid()
            let said = CommandLineOptions(
                configurationFile: configurationFile, stateDirectory: stateDir, socket: socket, model: model,
                spool: spool, logLevel: logLevel)
            let options = try await DaemonOptions.load(said, environment: environment)
            try await Daemon(options: options, environment: environment) {
                try await DaemonOptions.load(said, environment: environment)
            }.run()
        } catch let error as SgloradError {
            FileHandle.standardError.write(Data("sglorad: \(error)\n".utf8))
            throw ExitCode(1)
        }
    }
}
