internal import ArgumentParser
internal import SgloradInterface
internal import Varlink

struct MonitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Watch the daemon's health and requests until Ctrl-C.",
        discussion: """
            Prints the current health, then every change of it and of your own requests; administrators see everyone's. \
            With --json, prints one JSON document per line.

              sglorad-ctl monitor --json
            """)

    @OptionGroup var connection: Connection

    func run() async throws {
        try await connection.runWithClient { client, output in
            for try await reply in client.stream(Methods.Monitor.self, .init()) {
                try output.emitLine(reply) { report in
                    if let health = reply.health { report.health(health) }
                    if let request = reply.request { report.change(request) }
                }
            }
        }
    }
}

extension Report {
    fileprivate mutating func health(_ health: Wire.Health) {
        let queue = health.queue
        line(
            "daemon: \(health.state), \(queue.queued) queued, \(queue.running) running"
                + (health.training.map { ", training for \($0)" } ?? ""))
        conditions(health.conditions)
    }

    fileprivate mutating func change(_ request: Wire.QueuedRequest) {
        let stage = request.stage.map { ", \($0)" } ?? ""
        let adapter = request.adapterId.map { ": \($0)" } ?? ""
        line("request \(request.requestId): \(request.state)\(stage)\(adapter)")
    }
}
