import ArgumentParser
import ControlProtocol

/// `metrics`: what the daemon has counted.
struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print what the daemon has counted since it was started, in Prometheus' text form.",
        discussion: """
            With -o the text is written to a file that appears whole or not at all, as node_exporter's textfile collector \
            wants it.

              sglorad-ctl metrics -o /var/lib/prometheus/node-exporter/sglorad.prom
            """)

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("The file to write; one that is there is replaced.", valueName: "file"),
        completion: .file())
    var output: String?

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, console in
            let reply = try await client.call(Methods.Metrics.self, .init())
            if let output {
                try ReplacedFile.write(Array(reply.text.utf8), to: output)
                try console.emit(reply) { $0.line("Wrote \(output).") }
            } else {
                try console.emit(reply) { report in
                    for line in reply.text.split(separator: "\n") { report.line(String(line)) }
                }
            }
        }
    }
}
