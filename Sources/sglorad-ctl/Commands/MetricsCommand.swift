internal import ArgumentParser
internal import Files
internal import SgloradInterface
internal import Varlink

struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print the daemon's metrics in the Prometheus text format.",
        discussion: """
            With -o, replaces a file atomically, as node_exporter's textfile collector requires.

              sglorad-ctl metrics -o /var/lib/prometheus/node-exporter/sglorad.prom
            """)

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file to write or replace.", valueName: "file"), completion: .file())
    var output: String?

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, console in
            let reply = try await client.call(Methods.Metrics.self, .init())
            if let output {
                // Other users' programs read the file.
                try DurableFile.write(
                    Array(reply.text.utf8), to: output, mode: 0o644, synchronisingFolder: false)
                try console.emit(reply) { $0.line("Wrote \(output).") }
            } else {
                try console.emit(reply) { report in
                    for line in reply.text.split(separator: "\n") { report.line(String(line)) }
                }
            }
        }
    }
}
