import ArgumentParser
import ControlProtocol

/// `monitor`: how the daemon is, and each change.
struct MonitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Show how the daemon is, and then every change, until Ctrl-C.",
        discussion: """
            Shows changes of your own requests; to administrators, of everyone's. With --json, one JSON document a line.

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
        for condition in health.conditions {
            warning("\(condition.name): \(condition.message) \(condition.remedy)")
        }
    }

    fileprivate mutating func change(_ request: Wire.Request) {
        let stage = request.stage.map { ", \($0)" } ?? ""
        let adapter = request.adapterId.map { ": \($0)" } ?? ""
        line("request \(request.requestId): \(request.state)\(stage)\(adapter)")
    }
}
