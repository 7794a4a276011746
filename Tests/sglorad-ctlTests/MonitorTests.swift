import Foundation
import SgloradInterface
import Testing

@testable import sglorad_ctl

/// The monitor's screen, without a terminal.
@Suite struct MonitorTests {
    static let now = Date(timeIntervalSince1970: 1_800_000_000)

    static func time(_ secondsAgo: Double) -> String { (now - secondsAgo).formatted(.iso8601) }

    static func board() throws -> MonitorBoard {
        var board = MonitorBoard(path: "/run/sglorad/io.sglorad")
        let queue = Wire.QueueCounts(queued: 3, running: 2, done: 120, refused: 4, failed: 1, cancelled: 0)
        board.connected(
            .init(
                version: "0.1.0", state: "ok", conditions: [], startedAt: time(7260), stateDirectory: "/s",
                kernel: "k", sqlite: "3", queue: queue),
            (0..<30).map {
                Wire.QueuedRequest(
                    requestId: "r-\($0)", state: "done", base: "b", label: "label \($0)",
                    submittedAt: time(60))
            }, at: now - 100)
        board.polled(
            MonitorBoard.Poll(
                cache: .init(
                    bases: 1, experts: .init(count: 28, bytes: 12 << 20),
                    generators: .init(count: 1, bytes: 4096),
                    adapters: .init(count: 120, bytes: 40 << 20), uploads: .init(count: 0, bytes: 0)),
                figures: MonitorFigures(
                    prometheus: """
                        # HELP sglorad_workers Workers.
                        sglorad_workers{state="busy"} 2
                        sglorad_workers{state="idle"} 2
                        sglorad_answer_seconds_sum 5.5
                        sglorad_answer_seconds_count 125
                        process_resident_memory_bytes 134217728
                        sglorad_stage_seconds_sum{stage="encoding"} 1.5
                        sglorad_stage_seconds_count{stage="encoding"} 100
                        sglorad_requests_total{state="done"} NaN
                        """), adapters: []))
        return board
    }

    static func screen(_ board: MonitorBoard, _ columns: Int, _ rows: Int) -> [String] {
        let size = TerminalSize(columns: columns, rows: rows)
        return MonitorLayout(board: board, size: size, now: now).lines.map(\.text)
    }

    @Test func showsQueueWorkersAnswersAndCache() throws {
        let lines = Self.screen(try Self.board(), 80, 24)
        #expect(lines.count == 24)
        #expect(lines[0].hasPrefix("sglorad 0.1.0  ok") && lines[0].hasSuffix("UTC"))
        #expect(lines[1] == "/run/sglorad/io.sglorad, up 2 h 1 min")
        #expect(lines[3] == "queue     3 queued, 2 running")
        #expect(lines[4] == "ended     120 done, 4 refused, 1 failed, 0 cancelled")
        #expect(lines[5] == "workers   [##..] 2 of 4 busy, the daemon takes 128.0 MiB")
        #expect(lines[6] == "answers   mean 44 ms of 125 since the daemon's start")
        #expect(lines[7] == "stages    encoding 15 ms (means)")
        #expect(lines[8] == "cache     28 experts 12.0 MiB, 1 generator 4.0 KiB, 120 adapters 40.0 MiB")
        #expect(lines[10].hasPrefix("REQUEST"))
        #expect(lines[11].contains("r-0") && lines[11].contains("1 min 0 s"))
        #expect(lines[23] == "q or Ctrl-C leaves")
    }

    @Test(arguments: [(80, 24), (40, 10), (20, 5), (10, 2), (1, 1), (200, 60)])
    func fitsEverySize(_ columns: Int, _ rows: Int) throws {
        var board = try Self.board()
        board.lost(
            "The daemon is not running: a long reason, longer than any line of a small terminal.",
            at: Self.now)
        let size = TerminalSize(columns: columns, rows: rows)
        let lines = MonitorLayout(board: board, size: size, now: Self.now).lines
        #expect(lines.count <= rows)
        for line in lines {
            let shown = line.rendered(columns: columns, style: .plain)
            #expect(SafeText(shown).width <= columns, "\(shown)")
        }
    }

    @Test func saysWhenTheDaemonGoesAndReturns() throws {
        var board = try Self.board()
        board.lost("nothing listens", at: Self.now - 12)
        board.lost("nothing listens", at: Self.now)
        #expect(Self.screen(board, 80, 24)[0].contains("away"))
        #expect(Self.screen(board, 80, 24)[1] == "away for 12 s, trying again: nothing listens")
        let status = try #require(board.status)
        board.connected(status, [], at: Self.now)
        #expect(Self.screen(board, 80, 24)[1].hasPrefix("the daemon is back"))
        #expect(Self.screen(board, 80, 24)[0].contains("ok"))
    }

    @Test func answerTimesAreMeasuredFromTheChanges() throws {
        var board = try Self.board()
        let start = ContinuousClock.now
        for (number, milliseconds) in [40, 60, 50].enumerated() {
            var request = Wire.QueuedRequest(
                requestId: "n\(number)", state: "running", base: "b", submittedAt: Self.time(0))
            board.changed(.init(request: request), at: start)
            request.stage = "generating"
            board.changed(.init(request: request), at: start + .milliseconds(5))
            request.state = "done"
            request.finishedAt = Self.time(0)
            board.changed(.init(request: request), at: start + .milliseconds(milliseconds))
        }
        #expect(board.requests.first?.requestId == "n2" && board.requests.count == 33)
        let line = Self.screen(board, 80, 24)[6]
        #expect(line == "answers   median 50 ms, 95 % below 60 ms, longest 60 ms, of the last 3")
    }

    @Test func textOfOthersCannotControlTheTerminal() throws {
        var board = try Self.board()
        board.changed(
            .init(
                request: Wire.QueuedRequest(
                    requestId: "x\u{1B}[2J", state: "queued", base: "b",
                    label: "\u{1B}]0;t\u{7}\r\n\u{9B}31m\u{202E}",
                    submittedAt: "\u{1B}[H")))
        board.changed(
            .init(
                health: Wire.Health(
                    state: "degraded",
                    conditions: [Wire.Condition(name: "a\u{1B}c", message: "b\n\nc", remedy: "\u{1B}[0m")],
                    queue: Wire.QueueCounts(
                        queued: 0, running: 0, done: 0, refused: 0, failed: 0, cancelled: 0))))
        board.lost("\u{1B}[2J", at: Self.now)
        for line in MonitorLayout(board: board, size: .init(columns: 80, rows: 24), now: Self.now).lines {
            let shown = line.rendered(columns: 80, style: .plain)
            #expect(shown.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
            #expect(!shown.contains("\u{202E}"))
        }
    }

    @Test func coloursAreNotCountedAndNotCut() {
        var line = ScreenLine("abc", .warning)
        line.add("日本", .plain)
        #expect(line.rendered(columns: 7, style: .plain) == "abc日本")
        #expect(line.rendered(columns: 6, style: .plain) == "abc日~")
        #expect(line.rendered(columns: 5, style: .plain) == "abc~")
        #expect(line.rendered(columns: 2, style: Style(isColoured: true)) == "\u{1B}[33ma\u{1B}[0m~")
    }
}
