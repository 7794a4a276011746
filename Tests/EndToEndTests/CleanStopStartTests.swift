import Foundation
import Glibc
import SgloradInterface
import TestSupport
import Testing

/// Starts after an orderly stop, which serve before they have looked at every file.
@Suite("Starts after an orderly stop", .timeLimit(.minutes(20)), .needsModel)
struct CleanStopStartTests {
    private static func record(_ daemon: TestDaemon) -> Bool {
        FileManager.default.fileExists(atPath: daemon.state + "/private/clean-stop")
    }

    private static func request(_ daemon: TestDaemon, seed: Int) async throws -> Wire.Adapter {
        let reply = try await daemon.reply(
            Methods.Request.Reply.self, "request", "definitions of birds", "--strategy", "weighted",
            "--force",
            "--seed", "\(seed)")
        return try #require(reply.adapter)
    }

    private static func listed(_ daemon: TestDaemon) async throws -> Set<String> {
        Set(
            try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list").adapters
                .map(\.adapterId))
    }

    @Test("an adapter whose files are gone is not shown, leaves the list soon, and the others serve at once")
    func missingFiles() async throws {
        try await withTemporaryFolder { folder in
            let made = Collector<Wire.Adapter>()
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                for seed in 1...3 { await made.add(try await Self.request(daemon, seed: seed)) }
                #expect(!Self.record(daemon))
            }
            let adapters = await made.all
            // Within an adapter's own folder, where only looking at the adapter tells.
            for adapter in adapters.prefix(2) {
                try FileManager.default.removeItem(atPath: adapter.path + "/adapter_model.safetensors")
            }
            try await TestDaemon.run(in: folder) { daemon in
                #expect(!Self.record(daemon))
                let shown = try await daemon.control("adapter", "show", adapters[0].adapterId)
                #expect(shown.status == 65 && shown.error.contains("no adapter"), "\(shown)")
                let kept = try await daemon.control("adapter", "show", adapters[2].adapterId)
                #expect(kept.status == 0, "\(kept)")
                try await eventually("the examination") {
                    try await Self.listed(daemon) == [adapters[2].adapterId]
                }
                let damaged = try FileManager.default.contentsOfDirectory(
                    atPath: daemon.state + "/private/damaged")
                #expect(damaged.count == 2, "\(damaged)")
            }
        }
    }

    @Test("what a failed removal has left is removed by the next start, also after an orderly stop")
    func stray() async throws {
        try await withTemporaryFolder { folder in
            let name = String(repeating: "ab", count: 32)
            let stray = "\(folder)/state/private/blobs/ab/\(name)"
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                try FileManager.default.createDirectory(
                    atPath: "\(daemon.state)/private/blobs/ab", withIntermediateDirectories: true)
                try Data("left".utf8).write(to: URL(filePath: stray))
            }
            #expect(FileManager.default.fileExists(atPath: "\(folder)/state/private/clean-stop"))
            try await TestDaemon.run(in: folder) { daemon in
                #expect(!FileManager.default.fileExists(atPath: stray))
                let listed = try await daemon.control("expert", "list")
                #expect(listed.status == 0, "\(listed)")
            }
        }
    }

    @Test("starts that follow each other quickly do not examine first, one after a kill does")
    func chain() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try DaemonProcess(folder: folder)
            func overdue() -> Int {
                daemon.logText.components(separatedBy: "shutdown deadline exceeded").count
            }
            func start(killing: Bool = false) async throws -> Bool {
                let wasRecorded = FileManager.default.fileExists(atPath: "\(daemon.state)/private/clean-stop")
                for _ in 0..<20 {
                    let before = overdue()
                    _ = try await daemon.run(stoppingBy: killing ? .killing : .terminating) { process in
                        try #require(try await daemon.waitUntilServing(process), "\(daemon.logTail)")
                        if killing { kill(process, SIGKILL) }
                    }
                    // A stop that takes too long leaves the state of a crash, as documented; the next one counts.
                    if killing || overdue() == before { break }
                }
                return wasRecorded
            }
            #expect(try await !start())
            #expect(try await start())
            #expect(try await start(killing: true))
            #expect(try await !start())
            #expect(try await start())
        }
    }
}
