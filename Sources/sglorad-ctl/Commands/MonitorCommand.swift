internal import ArgumentParser
internal import Glibc
internal import SgloradInterface
internal import Varlink

struct MonitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor",
        abstract: "Watch the daemon's health and requests until Ctrl-C.",
        discussion: """
            On a terminal, shows a screen: the queue, the workers, how long answers take, the cache, and the last requests \
            and adapters. It says when the daemon goes away, and goes on when it is back. Leave it with q or Ctrl-C. Workers \
            and stages are shown to administrators; others see their own requests and adapters.

            Elsewhere, or with --plain, prints the current health, then every change of it and of your own requests; \
            administrators see everyone's. With --json, prints one JSON document per line.

              sglorad-ctl monitor --json
            """)

    @Flag(help: "Print lines, on a terminal, too.")
    var plain = false

    @OptionGroup var connection: Connection

    func run() async throws {
        guard connection.json || plain || !TerminalScreen.isPossible else { return try await screen() }
        try await connection.runWithClient { client, output in
            for try await reply in client.stream(Methods.Monitor.self, .init()) {
                try output.emitLine(reply) { report in
                    if let health = reply.health { report.health(health) }
                    if let request = reply.request { report.change(request) }
                }
            }
        }
    }

    private func screen() async throws {
        try await connection.run { _ in
            guard let signal = try await MonitorSession(path: connection.path).run() else { return }
            // Ends as if the signal had not been caught, so that the shell knows of it.
            kill(getpid(), signal)
            throw ExitCode(128 + signal)
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
