import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Start, stop, and activation by systemd.
@Suite("Lifecycle", .timeLimit(.minutes(20)), .needsModel)
struct LifecycleTests {
    @Test("experts, adapters and requests survive a restart, and the socket is removed in between")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.twoExperts)
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

    @Test("a second daemon on the same state directory exits with an error")
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

    @Test("SIGTERM during training ends both processes and leaves no partial generator")
    func terminateWhileTraining() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.twoExperts)
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
                #expect(daemon.files("private/temporary").isEmpty)
            }
            #expect(end.status == 0)
            let children = try await Program.run("pgrep", ["-f", "train \(folder)"])
            #expect(children.output.isEmpty)
        }
    }

    @Test(
        "SIGTERM during verification cancels it without reporting damage",
        .enabled(
            if: OtherUser.isAvailable, "needs /usr/bin/python3, and root to list the daemon's open files"))
    func terminateWhileVerifying() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.twoExperts)
            }
            let enlarged = try await Program.run(
                OtherUser.python, ["-I", "-c", Self.enlarging, "\(folder)/state", "wn-fish"])
            try #require(enlarged.status == 0, "\(enlarged.error)")
            let blob = enlarged.output.trimmingCharacters(in: .newlines)
            let verification = PendingCall()
            let end = try await TestDaemon.run(in: folder) { daemon in
                await verification.begin { try await daemon.control("cache", "verify") }
                try await eventually("the daemon to read the blob", every: .milliseconds(5)) {
                    Self.hasOpen(blob, daemon.process)
                }
            }
            #expect(end.status == 0, "\(end.log)")
            let outcome = try #require(try await verification.outcome)
            #expect(outcome.status != 0, "\(outcome.output)")
            #expect(!end.log.contains("digest mismatch"), "\(end.log)")
            #expect(FileManager.default.fileExists(atPath: blob))
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/state/private/damaged"))
        }
    }

    /// Makes an expert's blob a sparse file that takes longer to read than a stop may take.
    ///
    /// The start checks only its size. The manifest says the same, and the row gets its checksum at the start, like one of an
    /// earlier version.
    private static let enlarging = """
        import json, os, sqlite3, sys
        state, name = sys.argv[1:]
        def enlarge(value):
            for key, inner in value.items():
                if key == "bytes": value[key] = size
                elif isinstance(inner, dict): enlarge(inner)
        size = 40 << 30
        database = sqlite3.connect(f"{state}/private/cache.db")
        (digest,) = database.execute("SELECT parameters FROM expert WHERE name = ?", (name,)).fetchone()
        database.execute("UPDATE expert SET bytes = ?, checksum = NULL WHERE name = ?", (size, name))
        database.commit()
        database.close()
        blob = f"{state}/private/blobs/{digest[:2]}/{digest}"
        os.truncate(blob, size)
        manifest = json.load(open(blob + ".json"))
        enlarge(manifest)
        json.dump(manifest, open(blob + ".json", "w"))
        print(blob)
        """

    private static func hasOpen(_ path: String, _ process: Int32) -> Bool {
        let folder = "/proc/\(process)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.contains { name in
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) == path
        }
    }

    /// A call that outlives the closure in which it begins.
    private actor PendingCall {
        private var task: Task<Program.Outcome, any Error>?

        func begin(_ call: @escaping @Sendable () async throws -> Program.Outcome) {
            task = Task { try await call() }
        }

        /// The result; nil where the call never began.
        var outcome: Program.Outcome? {
            get async throws { try await task?.value }
        }
    }

    @Test(
        "a socket passed by systemd is served, and stays when the daemon exits",
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

    @Test("an invalid configuration is reported, and nothing is created")
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
