import ControlProtocol
import Foundation
import Glibc
import LinearAlgebra
import Synchronization
import Testing

/// Kills the daemon with SIGKILL at random moments under load, again and again, and holds what was acknowledged against what
/// is there in the end.
///
/// `make torture KILLS=1000` for the long run; `SGLORAD_SEED` repeats one.
@Suite(
    "Torture", .timeLimit(.minutes(60)), .enabled(if: Places.hasModel, "needs the text encoder: make model"))
struct TortureTests {
    private static let kills = ProcessInfo.processInfo.environment["SGLORAD_KILLS"].flatMap { Int($0) } ?? 30
    private static let seed =
        ProcessInfo.processInfo.environment["SGLORAD_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 0...9999)

    @Test("whatever was acknowledged comes to one end, whatever was published is whole, nothing is left over")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            // A request that is killed with the daemon is not to blame: here all must come to their end.
            try Data(
                "queue:\n  attempts: 100\n  capacity: 100000\n  perUser: 100000\ncache:\n  minimumAge: 0s\n"
                    .utf8
            ).write(to: URL(filePath: "\(folder)/config.yaml"))
            let daemon = MortalDaemon(folder: folder, arguments: ["--config", "\(folder)/config.yaml"])
            let load = TortureLoad(socket: daemon.socket)
            var random = CounterRandom(seed: Self.seed)
            _ = try await daemon.run(signal: SIGTERM) { process in
                try #require(try await daemon.waitUntilServing(process))
                let outcome = try await daemon.control(
                    ["expert", "import"] + Places.experts("wn-birds", "wn-fish", "wn-insects"))
                try #require(outcome.status == 0, "\(outcome.error)")
            }
            for round in 0..<Self.kills {
                // From before it serves until well into its work; in two rounds of three only once it has begun to.
                let moment = Double(random.uniform()) * 900
                let before = load.acknowledged
                let status = try await daemon.run(signal: SIGKILL) { process in
                    let work = Task { await load.run(round: round, library: TortureLoad.library(daemon)) }
                    while round % 3 != 0, load.acknowledged == before, MortalDaemon.lives(process) {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    try await Task.sleep(for: .milliseconds(moment))
                    try #require(
                        MortalDaemon.lives(process), "seed \(Self.seed), round \(round): \(daemon.tail)")
                    kill(process, SIGKILL)
                    work.cancel()
                    await work.value
                }
                #expect(status == 128 + SIGKILL)
            }
            let end = try await daemon.run(signal: SIGTERM) { process in
                try #require(try await daemon.waitUntilServing(process), "\(daemon.tail)")
                try await load.waitForTheEnd()
            }
            #expect(end == 0, "\(daemon.tail)")
            let audit = try await StateAudit(state: daemon.state)
            #expect(audit.findings == [], "seed \(Self.seed)")
            let log = (try? String(contentsOfFile: daemon.log, encoding: .utf8)) ?? ""
            let outcome = load.judge(audit, log: log)
            #expect(outcome.failures == [], "seed \(Self.seed)")
            print("torture: \(Self.kills) kills, seed \(Self.seed): \(outcome.summary)")
            #expect(outcome.acknowledged > 0)
            let children = try await Program.run("pgrep", ["-f", folder])
            #expect(children.output.isEmpty)
        }
    }
}
