import ControlProtocol
import Foundation
import Glibc
import Testing

/// Starting, stopping, and being started by systemd.
@Suite(
    "Lifecycle", .timeLimit(.minutes(20)), .enabled(if: Places.hasModel, "needs the text encoder: make model")
)
struct LifecycleTests {
    @Test("what was promised and kept is there after a restart, and the socket is gone in between")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
                _ = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "definitions of birds", "--label", "first")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/socket"))
            try await TestDaemon.run(in: folder) { daemon in
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                    .adapters
                #expect(adapters.map(\.label) == ["first"])
                let status = try await daemon.reply(Methods.Status.Reply.self, "status")
                #expect(status.queue.done == 1)
                let id = try #require(adapters.first?.adapterId)
                let export = try await daemon.control("adapter", "export", id, "-o", "\(folder)/again")
                #expect(export.status == 0, "\(export.error)")
            }
        }
    }

    @Test("a second daemon on the same state directory says whose it is and ends")
    func secondDaemon() async throws {
        try await TestDaemon.run { daemon in
            let second = try await Program.run(
                "\(Places.products)/sglorad",
                ["--state-dir", daemon.state, "--socket", "\(daemon.folder)/other", "--model", Places.model])
            #expect(second.status == 1)
            #expect(second.error.contains(daemon.state), "\(second.error)")
            #expect(!FileManager.default.fileExists(atPath: "\(daemon.folder)/other"))
            #expect(try await daemon.control("status").status == 0)
        }
    }

    @Test("SIGTERM while a training runs: both processes end, and no generator is half there")
    func terminateWhileTraining() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
                let client = try await VarlinkClient.connect(path: daemon.socket)
                let replies = client.stream(
                    Methods.TrainGenerator.qualifiedName,
                    Methods.TrainGenerator.Parameters(options: Wire.TrainingOptions(steps: 100_000)),
                    returning: Methods.TrainGenerator.Reply.self)
                for try await reply in replies where (reply.progress?.step ?? 0) > 0 { break }
            }
            let end = try await TestDaemon.run(in: folder) { daemon in
                let list = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
                #expect(list.generators.isEmpty)
                #expect(daemon.files("temporary").isEmpty)
            }
            #expect(end.status == 0)
            let children = try await Program.run("pgrep", ["-f", "train \(folder)"])
            #expect(children.output.isEmpty)
        }
    }

    @Test(
        "SIGTERM while everything is verified: the reading is called off, and nothing is taken for damaged",
        .enabled(
            if: OtherUser.canBe, "needs /usr/bin/python3, and root to see what the daemon has open"))
    func terminateWhileVerifying() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
            }
            let enlarged = try await Program.run(
                OtherUser.python, ["-I", "-c", Self.enlarging, "\(folder)/state", "wn-fish"])
            try #require(enlarged.status == 0, "\(enlarged.error)")
            let blob = enlarged.output.trimmingCharacters(in: .newlines)
            let verification = PendingCall()
            let end = try await TestDaemon.run(in: folder) { daemon in
                await verification.begin { try await daemon.control("cache", "verify") }
                while !Self.hasOpen(blob, daemon.process) { try await Task.sleep(for: .milliseconds(5)) }
            }
            #expect(end.status == 0, "\(end.log)")
            let outcome = try #require(try await verification.outcome)
            #expect(outcome.status != 0, "\(outcome.output)")
            #expect(!end.log.contains("has not the content that was stored"), "\(end.log)")
            #expect(FileManager.default.fileExists(atPath: blob))
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/state/damaged"))
        }
    }

    /// Makes an expert's blob larger than anybody reads in the time that a stop may take, without taking up the disk.
    ///
    /// A start looks at its size alone.
    private static let enlarging = """
        import os, sqlite3, sys
        state, name = sys.argv[1:]
        size = 40 << 30
        database = sqlite3.connect(f"{state}/cache.db")
        (digest,) = database.execute("SELECT parameters FROM expert WHERE name = ?", (name,)).fetchone()
        database.execute("UPDATE expert SET bytes = ? WHERE name = ?", (size, name))
        database.commit()
        database.close()
        blob = f"{state}/blobs/{digest[:2]}/{digest}"
        os.truncate(blob, size)
        print(blob)
        """

    private static func hasOpen(_ path: String, _ process: Int32) -> Bool {
        let folder = "/proc/\(process)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.contains { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) == path
        }
    }

    /// A call that goes on when the daemon is told to stop.
    private actor PendingCall {
        private var task: Task<Outcome, any Error>?

        func begin(_ call: @escaping @Sendable () async throws -> Outcome) {
            task = Task { try await call() }
        }

        /// How it ended; nil where it was never begun.
        var outcome: Outcome? {
            get async throws { try await task?.value }
        }
    }

    @Test(
        "a socket that systemd passes is served, and stays when the daemon ends",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-socket-activate")))
    func socketActivation() async throws {
        try await withTemporaryFolder { folder in
            let launcher = ["/usr/bin/systemd-socket-activate", "--listen=\(folder)/socket"]
            let end = try await TestDaemon.run(in: folder, launcher: launcher) { daemon in
                let status = try await daemon.control("status")
                #expect(status.status == 0, "\(status.error)")
            }
            #expect(end.status == 0, "\(end.log)")
            #expect(FileManager.default.fileExists(atPath: "\(folder)/socket"))
        }
    }

    @Test("a configuration that is wrong is named and nothing is started")
    func configuration() async throws {
        try await withTemporaryFolder { folder in
            try Data("workers: many\n".utf8).write(to: URL(filePath: "\(folder)/bad.yaml"))
            for (arguments, word) in [
                (["--config", "\(folder)/none.yaml"], "none.yaml"),
                (["--config", "\(folder)/bad.yaml"], "workers"),
                (["--log-level", "loud"], "logLevel"),
            ] {
                let outcome = try await Program.run(
                    "\(Places.products)/sglorad",
                    ["--state-dir", "\(folder)/state", "--socket", "\(folder)/socket"] + arguments)
                #expect(outcome.status == 1)
                #expect(outcome.error.contains(word), "\(arguments): \(outcome.error)")
            }
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/state"))
        }
    }
}
