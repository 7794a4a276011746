import Foundation
import Glibc
import SgloradInterface
import TestSupport
import Testing

/// `sglorad-ctl monitor` in a real pseudo-terminal, with the real daemon.
@Suite("The monitor's screen", .timeLimit(.minutes(20)), .needsModel)
struct MonitorScreenTests {
    private static func monitor(
        _ socket: String, columns: Int = 80, rows: Int = 24, environment: [String: String] = [:],
        _ body: @Sendable (PseudoTerminal, Int32) async throws -> Void
    ) async throws -> Int32 {
        let variables = ["SGLORAD_SOCKET": socket, "TERM": "xterm-256color"].merging(environment) { $1 }
        return try await PseudoTerminal.run(
            ["\(Places.products)/sglorad-ctl", "monitor"], columns: columns, rows: rows,
            environment: variables, body)
    }

    @Test("it shows the queue, the workers, the answers, the cache, requests and adapters, in any size")
    func screen() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            // Empty counts as not set, wherever the tests run.
            let status = try await Self.monitor(daemon.socket, environment: ["NO_COLOR": ""]) { terminal, _ in
                try await eventually("the first screen") {
                    terminal.lines[0].contains("ok") && terminal.lines[23] == "q or Ctrl-C leaves"
                }
                #expect(
                    terminal.isAlternate && !terminal.hasCursor && !terminal.echoes && terminal.hasColours)
                #expect(terminal.lines[3] == "queue     0 queued, 0 running", "\(terminal.text)")
                #expect(terminal.lines[0].hasSuffix(" UTC") && terminal.lines[0].count == 80)
                #expect(terminal.lines[23] == "q or Ctrl-C leaves")
                let label = "\u{1B}[2Jevil\u{7}"
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "definitions of birds", "--label", label)
                let adapter = try #require(reply.adapter)
                // They come from different calls, each made every second or two.
                try await eventually("the request and its adapter, everywhere") {
                    let text = terminal.text
                    return [
                        reply.request.requestId, adapter.adapterId, "1 done", "1 adapter ", "workers   [",
                        "answers   median ",
                    ].allSatisfy(text.contains)
                }
                #expect(terminal.text.contains("\\u{1B}[2Jevil"), "\(terminal.text)")
                #expect(terminal.text.contains("1 done") && terminal.text.contains("workers   ["))
                #expect(terminal.text.contains("answers   median "), "\(terminal.text)")
                #expect(terminal.text.contains("1 adapter "), "\(terminal.text)")
                terminal.resize(columns: 30, rows: 6)
                try await eventually("the small screen") { terminal.lines.contains { $0.hasSuffix("~") } }
                #expect(terminal.lines.count == 6 && terminal.lines[0].hasPrefix("sglorad"))
                terminal.resize(columns: 120, rows: 40)
                try await eventually("the large screen") { terminal.lines[39] == "q or Ctrl-C leaves" }
                #expect(terminal.unknown.isEmpty, "\(terminal.unknown)")
                terminal.type("q")
                try await eventually("the terminal as it was") {
                    !terminal.isAlternate && terminal.hasCursor && terminal.echoes
                }
            }
            #expect(status == 0)
        }
    }

    @Test("it restores the terminal on Ctrl-C, SIGTERM and SIGHUP", arguments: [SIGINT, SIGTERM, SIGHUP])
    func ends(_ signal: Int32) async throws {
        try await TestDaemon.run { daemon in
            let status = try await Self.monitor(daemon.socket, environment: ["NO_COLOR": "1"]) {
                terminal, process in
                try await eventually("the first screen") { terminal.lines[0].contains("ok") }
                if signal == SIGINT { terminal.type("\u{3}") } else { kill(process, signal) }
                try await eventually("the terminal as it was") {
                    !terminal.isAlternate && terminal.hasCursor && terminal.echoes
                }
                #expect(!terminal.hasColours && terminal.unknown.isEmpty, "\(terminal.unknown)")
            }
            #expect(status == 128 + signal)
        }
    }

    @Test("Ctrl-Z stops it with the terminal as it was; when it goes on, the screen is there again")
    func suspended() async throws {
        try await TestDaemon.run { daemon in
            let status = try await Self.monitor(daemon.socket) { terminal, process in
                for _ in 0..<2 {
                    try await eventually("the screen") {
                        terminal.isAlternate && !terminal.echoes && terminal.lines[0].contains("ok")
                    }
                    terminal.type("\u{1A}")
                    try await eventually("that it is stopped, and the terminal as it was") {
                        isStopped(process) && !terminal.isAlternate && terminal.hasCursor
                            && terminal.echoes
                    }
                    kill(process, SIGCONT)
                }
                try await eventually("the screen") { terminal.isAlternate && !terminal.hasCursor }
                terminal.type("q")
            }
            #expect(status == 0)
        }
    }

    @Test("it says when the daemon goes away, and goes on when it is back")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            let socket = "\(folder)/socket"
            let gate = Gate()
            let daemon = Task {
                try await TestDaemon.run(in: folder) { _ in
                    await gate.open(0)
                    await gate.passed(1)
                }
                await gate.passed(2)
                try await TestDaemon.run(in: folder) { _ in await gate.passed(3) }
            }
            await gate.passed(0)
            let status = try await Self.monitor(socket) { terminal, _ in
                try await eventually("the first screen") { terminal.lines[0].contains("ok") }
                await gate.open(1)
                try await eventually("that it is away") {
                    terminal.lines[0].contains("away") && terminal.lines[1].hasPrefix("away for")
                }
                await gate.open(2)
                // Shown for some seconds only.
                try await eventually("that it is back") {
                    terminal.hasShown("the daemon is back") && terminal.lines[0].contains("ok")
                }
                terminal.type("q")
            }
            #expect(status == 0)
            await gate.open(3)
            try await daemon.value
        }
    }

    @Test("without a daemon, or on a dumb terminal, there is no screen")
    func noScreen() async throws {
        let away = try await Self.monitor("/nowhere/socket") { terminal, _ in
            try await eventually("the error") { terminal.text.contains("Next, start it:") }
            #expect(!terminal.isAlternate && terminal.hasCursor)
        }
        #expect(away == 69)
        try await TestDaemon.run { daemon in
            let dumb = try await Self.monitor(daemon.socket, environment: ["TERM": "dumb"]) { terminal, _ in
                try await eventually("a line") { terminal.lines[0].hasPrefix("daemon: ok, 0 queued") }
                #expect(!terminal.isAlternate && !terminal.hasColours && terminal.unknown.isEmpty)
                terminal.type("\u{3}")
            }
            #expect(dumb == 130)
            var piped = try await daemon.control(["monitor"], within: 2)
            // A busy machine may not have started it by then.
            for limit in [20, 120] where piped.output.isEmpty {
                piped = try await daemon.control(["monitor"], within: limit)
            }
            #expect(piped.status == 124 && piped.output.hasPrefix("daemon: ok"), "\(piped.output)")
        }
    }

    /// Lets tasks wait for numbered steps.
    private actor Gate {
        private var opened: Set<Int> = []

        func open(_ number: Int) { opened.insert(number) }

        func passed(_ number: Int) async {
            while !opened.contains(number), (try? await Task.sleep(for: .milliseconds(20))) != nil {}
        }
    }
}
