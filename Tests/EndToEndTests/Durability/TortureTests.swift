import Foundation
import Glibc
import LinearAlgebra
import SgloradInterface
import SpoolForms
import Synchronization
import TestSupport
import Testing
import Varlink

/// Kills the daemon with SIGKILL at random moments under load, and in the end compares what was acknowledged with what is
/// stored.
///
/// `make torture KILLS=1000` is the long run; `SGLORAD_SEED` repeats a run's random moments.
@Suite("Torture", .timeLimit(.minutes(60)), .needsModel)
struct TortureTests {
    private static let kills = ProcessInfo.processInfo.environment["SGLORAD_KILLS"].flatMap { Int($0) } ?? 30
    private static let seed =
        ProcessInfo.processInfo.environment["SGLORAD_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 0...9999)

    @Test("acknowledged requests end exactly once, published adapters are complete, and nothing is left over")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            // With many attempts no request fails because of the kills: all must succeed in the end.
            let daemon = try DaemonProcess(
                folder: folder,
                configuration: """
                    queue:
                      attempts: 100
                      capacity: 100000
                      perUser: 100000
                    cache:
                      minimumAge: 0s
                    """)
            let load = TortureLoad(socket: daemon.socket)
            var random = CounterRandom(seed: Self.seed)
            _ = try await daemon.run { process in
                try #require(try await daemon.waitUntilServing(process))
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish", "wn-insects"))
            }
            for round in 0..<Self.kills {
                // Up to 900 ms after the start, or in two rounds of three after the first acknowledged request.
                let moment = Double(random.uniform()) * 900
                let before = load.acknowledged
                let status = try await daemon.run(stoppingBy: .killing) { process in
                    let work = Task { await load.run(round: round, library: TortureLoad.library(daemon)) }
                    while round % 3 != 0, load.acknowledged == before, DaemonProcess.isAlive(process) {
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    try await Task.sleep(for: .milliseconds(moment))
                    try #require(
                        DaemonProcess.isAlive(process), "seed \(Self.seed), round \(round): \(daemon.logTail)"
                    )
                    kill(process, SIGKILL)
                    work.cancel()
                    await work.value
                }
                #expect(status == 128 + SIGKILL)
            }
            let end = try await daemon.run { process in
                try #require(try await daemon.waitUntilServing(process), "\(daemon.logTail)")
                try await load.waitForTheEnd()
            }
            #expect(end == 0, "\(daemon.logTail)")
            let audit = try await StateAudit(state: daemon.state)
            #expect(audit.findings == [], "seed \(Self.seed)")
            let outcome = load.judge(audit, log: daemon.logText)
            #expect(outcome.failures == [], "seed \(Self.seed)")
            print("torture: \(Self.kills) kills, seed \(Self.seed): \(outcome.summary)")
            #expect(outcome.acknowledged > 0)
            let children = try await Program.run("pgrep", ["-f", folder])
            #expect(children.output.isEmpty)
        }
    }
}
