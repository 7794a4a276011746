import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// The spool of the real daemon, used as an application uses it: with files and a shell.
@Suite("Spool", .timeLimit(.minutes(20)), .needsModel)
struct SpoolTests {
    /// Waits for a result.
    private func result(
        _ name: String, in spool: TestSpool, of uid: Int? = nil
    ) async throws -> Wire.SpoolResult {
        try await firstValue("the result \(name)") { try spool.result(Wire.SpoolResult.self, name, of: uid) }
    }

    /// Waits until no file is being taken in.
    private func untilTaken(_ spool: TestSpool) async throws {
        try await eventually("the folder taking to be empty") { spool.names("taking").isEmpty }
    }

    @Test(
        "an intent in the spool becomes an adapter; refusals, failures and malformed files get results, too")
    func outcomes() async throws {
        try await withTemporaryFolder { folder in
            let spool = TestSpool("\(folder)/spool")
            let end = try await TestDaemon.run(in: folder, arguments: ["--spool", spool.path]) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                try spool.drop(
                    "birds.json", #"{"text": "definitions of birds", "seed": 7, "label": "mine"}"#)
                try spool.drop("nothing.json", #"{"text": "zzz qqq xxyzzy"}"#)
                try spool.drop(
                    "generator.json", #"{"text": "definitions of fish", "strategy": "sg-lora"}"#)
                try spool.drop("nonsense.json", "nonsense")

                let birds = try await result("birds.json", in: spool)
                #expect(birds.state == .done && birds.label == "mine" && birds.failure == nil)
                let adapter = try #require(birds.adapter)
                #expect(adapter.provenance.seed == 7)
                #expect(FileManager.default.fileExists(atPath: adapter.path + "/adapter_model.safetensors"))
                let request = try await daemon.reply(
                    Methods.GetRequest.Reply.self, "queue", "show", try #require(birds.requestId)
                ).request
                #expect(request.state == "done" && request.adapterId == adapter.adapterId)

                let nothing = try await result("nothing.json", in: spool)
                #expect(nothing.state == .refused && nothing.adapter == nil)
                #expect(nothing.failure?.error == "io.sglorad.NoRelevantExpert")
                #expect(nothing.failure?.parameters["proximity"] != nil)
                let generator = try await result("generator.json", in: spool)
                #expect(generator.state == .failed)
                #expect(generator.failure?.error == "io.sglorad.GeneratorUnavailable")
                let nonsense = try await result("nonsense.json", in: spool)
                #expect(nonsense.state == .rejected && nonsense.requestId == nil)
                let kept = try #require(nonsense.rejected)
                try await untilTaken(spool)
                #expect(try String(contentsOfFile: kept, encoding: .utf8) == "nonsense")
                #expect(spool.names("new").isEmpty && spool.names("taking").isEmpty)
                #expect(try await daemon.reply(Methods.Status.Reply.self, "status").conditions.isEmpty)
            }
            #expect(end.status == 0, "\(end.log)")
            #expect(!end.log.contains("definitions") && !end.log.contains("xxyzzy"), "\(end.log)")
        }
    }

    @Test("files dropped while the daemon is down or killed are answered once after the next start")
    func away() async throws {
        try await withTemporaryFolder { folder in
            let spool = TestSpool("\(folder)/spool")
            let arguments = ["--spool", spool.path]
            try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
                try await daemon.importExperts(Places.twoExperts)
            }
            for round in 0..<2 {
                for number in 0..<5 {
                    try spool.drop("\(round)-\(number).json", #"{"text": "definitions of birds"}"#)
                }
                await #expect(throws: CancellationError.self) {
                    try await TestDaemon.run(in: folder, arguments: arguments) { _ in
                        // An error kills the daemon with SIGKILL, in the middle of its work.
                        throw CancellationError()
                    }
                }
            }
            try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
                var requests: Set<String> = []
                for round in 0..<2 {
                    for number in 0..<5 {
                        let answer = try await result("\(round)-\(number).json", in: spool)
                        #expect(answer.state == .done)
                        requests.insert(try #require(answer.requestId))
                    }
                }
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                    .adapters
                #expect(requests.count == 10 && adapters.count == 10)
            }
        }
    }

    @Test(
        "a daemon without root serves other users, each with its own files",
        .enabled(if: geteuid() == 0, "needs root, to act as three users"))
    func users() async throws {
        try await withTemporaryFolder { folder in
            let spool = "\(folder)/spool"
            let files = TestSpool(spool)
            // As tmpfiles.d creates it: anyone may pass the folder, the rest belongs to the daemon.
            let daemonUser = 4100
            try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: false)
            for path in [folder, spool] { #expect(chown(path, uid_t(daemonUser), gid_t(daemonUser)) == 0) }
            #expect(chmod(folder, 0o711) == 0)
            let end = try await TestDaemon.run(
                in: folder, configuration: "access:\n  users: \(Self.users)\n",
                arguments: ["--spool", spool],
                launcher: Self.launcher(daemonUser)
            ) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                // Readable only by the daemon's group, which the file inherits from its folder.
                let dropped = try await submit(4101, "a.json", mask: "027", in: spool)
                #expect(dropped.status == 0, "\(dropped.error)")
                let first = try await result("a.json", in: files, of: 4101)
                #expect(first.state == .done)
                let place = "\(spool)/done/4101/a.json"
                #expect(try await shell(4101, "cat \(place)").output.contains("\"state\":\"done\""))
                #expect(try await shell(4102, "cat \(place)").status != 0)
                #expect(try await shell(4102, "ls \(spool)/done/4101").status != 0)
                #expect(try await shell(4101, "rm -f \(place)").status != 0)
                // The user may also read the adapter's files in place, but nothing else there.
                let adapter = try #require(first.adapter?.path)
                #expect(try await shell(4101, "cat \(adapter)/*").status == 0)
                #expect(try await shell(4102, "cat \(adapter)/adapter_config.json").status != 0)
                #expect(try await shell(4101, "ls \(daemon.state)").status != 0)
                for file in [
                    "private/queue.db", "private/queue.db-wal", "private/cache.db", "private/idempotency.key",
                ] {
                    #expect(try await shell(4101, "cat \(daemon.state)/\(file)").status != 0, "\(file)")
                }
                // A user outside the spool's group cannot drop files.
                let stranger = try await submit(
                    4103, "x.json", mask: "022", in: spool, groups: "--clear-groups")
                #expect(stranger.status != 0)

                // A file that the daemon may not read is kept, and the result says so.
                _ = try await submit(4101, "b.json", mask: "077", in: spool)
                let unread = try await result("b.json", in: files, of: 4101)
                #expect(unread.state == .rejected)
                let said = "\(unread.failure?.parameters["message"] as Any)"
                #expect(said.contains("0640"), "\(said)")

                // Users can neither list waiting files nor remove or replace those of others.
                #expect(try await shell(4102, "ls \(spool)/new").status != 0)
                #expect(try await shell(4102, "ls \(spool)/taking").status != 0)
                _ = try await shell(4101, "echo {} > \(spool)/tmp/mine.json")
                #expect(try await shell(4102, "rm -f \(spool)/tmp/mine.json").status != 0)
                #expect(try await shell(4102, "mv \(spool)/tmp/mine.json \(spool)/new/").status != 0)

                // A folder, which only its owner can move, is reported and blocks nobody.
                _ = try await shell(4102, "mkdir -p \(spool)/new/folder.json/inner")
                _ = try await submit(4102, "c.json", mask: "022", in: spool)
                #expect(try await result("c.json", in: files, of: 4102).state == .done)
                let refused = try await result("folder.json", in: files, of: 4102)
                #expect(refused.state == .rejected)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// The group of the spool's users.
    ///
    /// It needs no entry in /etc/group.
    private static let users = 60_100

    private func shell(
        _ uid: Int, _ script: String, groups: String = "--groups=\(users)"
    ) async throws -> Program.Outcome {
        let command = Self.launcher(uid, groups: groups) + ["/bin/sh", "-c", script]
        return try await Program.run(command[0], Array(command.dropFirst()))
    }

    private func submit(
        _ uid: Int, _ name: String, mask: String, in spool: String, groups: String = "--groups=\(users)"
    ) async throws -> Program.Outcome {
        try await shell(
            uid,
            """
            umask \(mask) && echo '{"text": "definitions of birds"}' > \(spool)/tmp/\(name) \
            && mv \(spool)/tmp/\(name) \(spool)/new/\(name)
            """, groups: groups)
    }

    /// The command that runs a program as another user.
    private static func launcher(_ uid: Int, groups: String = "--clear-groups") -> [String] {
        ["/usr/bin/setpriv", "--reuid", "\(uid)", "--regid", "\(uid)", groups]
    }

    @Test("sglorad-ctl requests through the spool while the daemon is down, and is answered once it runs")
    func control() async throws {
        try await withTemporaryFolder { folder in
            let spool = TestSpool("\(folder)/spool")
            let arguments = ["--spool", spool.path]
            @Sendable func control(_ arguments: String...) async throws -> Program.Outcome {
                try await Program.run(
                    "\(Places.products)/sglorad-ctl", arguments,
                    environment: ["SGLORAD_SPOOL": spool.path, "SGLORAD_SOCKET": "\(folder)/socket"])
            }
            let none = try await control("request", "definitions of birds", "--spool", "--no-wait")
            #expect(none.status == 1 && none.error.contains("there is no spool folder"), "\(none.error)")
            try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
                try await daemon.importExperts(Places.twoExperts)
            }
            // No daemon: both the file and the caller wait.
            let receipt = try await control(
                "request", "definitions of birds", "--spool", "--no-wait", "--idempotency-key", "k-1",
                "--json")
            #expect(receipt.status == 0, "\(receipt.error)")
            #expect(try receipt.json()["result"] as? String == spool.resultFile("k-1.json"))
            let dropped = spool.names("new")
            #expect(dropped.count == 1 && spool.names("tmp").isEmpty)
            #expect(dropped[0].wholeMatch(of: /k-1\.~[0-9a-f]{32}\.json/) != nil, "\(dropped)")
            let waiting = Task {
                try await control(
                    "request", "definitions of fish", "--spool", "--seed", "3", "-o", "\(folder)/out")
            }
            try await eventually("both files in the spool") { spool.names("new").count == 2 }
            try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
                #expect(try await result("k-1.json", in: spool).state == .done)
                let waited = try await waiting.value
                #expect(waited.status == 0, "\(waited.error)")
                #expect(waited.output.contains("wn-fish"))
                #expect(FileManager.default.fileExists(atPath: "\(folder)/out/adapter_model.safetensors"))
                // Repeating the command gives the same request and writes its result again.
                let again = try await control(
                    "request", "definitions of birds", "--spool", "--idempotency-key", "k-1", "--json")
                #expect(again.status == 0, "\(again.error)")
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                    .adapters
                #expect(adapters.count == 2)
                let refused = try await control("request", "zzz qqq xxyzzy", "--spool")
                #expect(refused.status == 2, "\(refused.error)")
                let unknown = try await control("request", "birds", "--spool", "--base", "other", "--json")
                #expect(unknown.status == 65, "\(unknown.error)")
                #expect(try unknown.json()["error"] as? String == "io.sglorad.UnknownBase")
                let key = try await control("request", "birds", "--spool", "--idempotency-key", "../x")
                #expect(key.status == 65 && key.error.contains("letters, digits"), "\(key.error)")
            }
        }
    }

    @Test("forgetting everything covers spooled files that wait, are being taken in, or are being answered")
    func forgetting() async throws {
        try await withTemporaryFolder { folder in
            let spool = TestSpool("\(folder)/spool")
            try await TestDaemon.run(
                in: folder, configuration: "queue:\n  perUser: 20\n", arguments: ["--spool", spool.path]
            ) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                for number in 0..<120 {
                    try spool.drop(
                        "\(number).json",
                        #"{"text": "birds \#(number)", "strategy": "weighted", "force": true}"#)
                }
                try await Task.sleep(for: .milliseconds(300))
                let forgotten = try await daemon.control("forget", "--all")
                #expect(forgotten.status == 0, "\(forgotten.error)")
                // By then anything that was still in progress would have appeared.
                try await Task.sleep(for: .seconds(2))
                for place in ["tmp", "new", "taking", "done/\(spool.uid)"] {
                    #expect(spool.names(place) == [], "\(place)")
                }
                let requests = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                #expect(requests.requests.isEmpty)
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                #expect(adapters.adapters.isEmpty)
            }
        }
    }

    @Test("an unusable spool is a health condition that names the path")
    func broken() async throws {
        try await withTemporaryFolder { folder in
            let spool = TestSpool("\(folder)/spool")
            #expect(FileManager.default.createFile(atPath: spool.path, contents: nil))
            let end = try await TestDaemon.run(in: folder, arguments: ["--spool", spool.path]) { daemon in
                let status = try await daemon.reply(Methods.Status.Reply.self, "status")
                #expect(status.state == "degraded")
                let condition = try #require(status.conditions.first { $0.name == "spool" })
                #expect(condition.message.contains(spool.path))
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }
}
