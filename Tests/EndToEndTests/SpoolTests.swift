import ControlProtocol
import Foundation
import Glibc
import Testing

/// The spool of the real daemon, used as an app uses it: with a shell's own tools.
@Suite("Spool", .timeLimit(.minutes(20)), .enabled(if: Places.hasModel, "needs the text encoder: make model"))
struct SpoolTests {
    private let uid = Int(geteuid())

    /// Drops an intent: written in tmp/, renamed into new/.
    private func drop(_ name: String, _ content: String, in spool: String) throws {
        try Data(content.utf8).write(to: URL(filePath: "\(spool)/tmp/\(name)"))
        try #require(rename("\(spool)/tmp/\(name)", "\(spool)/new/\(name)") == 0)
    }

    /// Waits for a result.
    private func result(_ name: String, in spool: String, of uid: Int? = nil) async throws -> SpoolResult {
        let path = "\(spool)/done/\(uid ?? self.uid)/\(name)"
        while true {
            if let data = FileManager.default.contents(atPath: path) {
                return try JSONDecoder().decode(SpoolResult.self, from: data)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func names(_ folder: String, in spool: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(spool)/\(folder)")) ?? []).sorted()
    }

    @Test("an intent in the spool becomes an adapter; a refusal, a failure and nonsense are said as well")
    func outcomes() async throws {
        try await withTemporaryFolder { folder in
            let spool = "\(folder)/spool"
            let end = try await TestDaemon.run(in: folder, arguments: ["--spool", spool]) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
                try drop(
                    "birds.json", #"{"text": "definitions of birds", "seed": 7, "label": "mine"}"#, in: spool)
                try drop("nothing.json", #"{"text": "zzz qqq xxyzzy"}"#, in: spool)
                try drop(
                    "generator.json", #"{"text": "definitions of fish", "strategy": "sg-lora"}"#, in: spool)
                try drop("nonsense.json", "nonsense", in: spool)

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
                while !names("taking", in: spool).isEmpty { try await Task.sleep(for: .milliseconds(10)) }
                #expect(try String(contentsOfFile: kept, encoding: .utf8) == "nonsense")
                #expect(names("new", in: spool).isEmpty && names("taking", in: spool).isEmpty)
                #expect(try await daemon.reply(Methods.Status.Reply.self, "status").conditions.isEmpty)
            }
            #expect(end.status == 0, "\(end.log)")
            #expect(!end.log.contains("definitions") && !end.log.contains("xxyzzy"), "\(end.log)")
        }
    }

    @Test("what was dropped while the daemon was away, or killed, is answered after its next start, once")
    func away() async throws {
        try await withTemporaryFolder { folder in
            let spool = "\(folder)/spool"
            let arguments = ["--spool", spool]
            try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
            }
            for round in 0..<2 {
                for number in 0..<5 {
                    try drop("\(round)-\(number).json", #"{"text": "definitions of birds"}"#, in: spool)
                }
                await #expect(throws: CancellationError.self) {
                    try await TestDaemon.run(in: folder, arguments: arguments) { _ in
                        // The run is ended by SIGKILL, in the middle of it.
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
        "a daemon without root serves other users, each to its own files",
        .enabled(if: geteuid() == 0, "needs root, to be three users"))
    func users() async throws {
        try await withTemporaryFolder { folder in
            let spool = "\(folder)/spool"
            // As tmpfiles.d makes it: the folder for all to pass, the rest the daemon's.
            let daemonUser = 4100
            try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: false)
            for path in [folder, spool] { #expect(chown(path, uid_t(daemonUser), gid_t(daemonUser)) == 0) }
            #expect(chmod(folder, 0o711) == 0)
            let configuration = "\(folder)/sglorad.yaml"
            try Data("access:\n  users: \(Self.users)\n".utf8).write(to: URL(filePath: configuration))
            let end = try await TestDaemon.run(
                in: folder, arguments: ["--spool", spool, "--config", configuration],
                launcher: Self.launcher(daemonUser)
            ) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
                // Readable for the daemon's group alone: the folder hands its group on.
                let dropped = try await submit(4101, "a.json", mask: "027", in: spool)
                #expect(dropped.status == 0, "\(dropped.error)")
                let first = try await result("a.json", in: spool, of: 4101)
                #expect(first.state == .done)
                let place = "\(spool)/done/4101/a.json"
                #expect(try await shell(4101, "cat \(place)").output.contains("\"state\":\"done\""))
                #expect(try await shell(4102, "cat \(place)").status != 0)
                #expect(try await shell(4102, "ls \(spool)/done/4101").status != 0)
                #expect(try await shell(4101, "rm -f \(place)").status != 0)
                // The adapter's files are that user's to read as well, where they lie, and nothing beside them is.
                let adapter = try #require(first.adapter?.path)
                #expect(try await shell(4101, "cat \(adapter)/*").status == 0)
                #expect(try await shell(4102, "cat \(adapter)/adapter_config.json").status != 0)
                #expect(try await shell(4101, "ls \(daemon.state)").status != 0)
                for file in ["queue.db", "queue.db-wal", "cache.db", "idempotency.key", "lock"] {
                    #expect(try await shell(4101, "cat \(daemon.state)/\(file)").status != 0, "\(file)")
                }
                // One who is in no group of the spool's drops nothing.
                let stranger = try await submit(
                    4103, "x.json", mask: "022", in: spool, groups: "--clear-groups")
                #expect(stranger.status != 0)

                // Too private to be read by the daemon: said, and kept.
                _ = try await submit(4101, "b.json", mask: "077", in: spool)
                let unread = try await result("b.json", in: spool, of: 4101)
                #expect(unread.state == .rejected)
                let said = "\(unread.failure?.parameters["message"] as Any)"
                #expect(said.contains("0640"), "\(said)")

                // Nobody lists what waits, or takes away or replaces another's.
                #expect(try await shell(4102, "ls \(spool)/new").status != 0)
                #expect(try await shell(4102, "ls \(spool)/taking").status != 0)
                _ = try await shell(4101, "echo {} > \(spool)/tmp/mine.json")
                #expect(try await shell(4102, "rm -f \(spool)/tmp/mine.json").status != 0)
                #expect(try await shell(4102, "mv \(spool)/tmp/mine.json \(spool)/new/").status != 0)

                // A folder can be moved by its owner alone; it is said, and holds up nobody.
                _ = try await shell(4102, "mkdir -p \(spool)/new/folder.json/inner")
                _ = try await submit(4102, "c.json", mask: "022", in: spool)
                #expect(try await result("c.json", in: spool, of: 4102).state == .done)
                let refused = try await result("folder.json", in: spool, of: 4102)
                #expect(refused.state == .rejected)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }

    /// The group of the spool's users; the number needs no entry in /etc/group.
    private static let users = 60_100

    private func shell(
        _ uid: Int, _ script: String, groups: String = "--groups=\(users)"
    ) async throws -> Outcome {
        let command = Self.launcher(uid, groups: groups) + ["/bin/sh", "-c", script]
        return try await Program.run(command[0], Array(command.dropFirst()))
    }

    private func submit(
        _ uid: Int, _ name: String, mask: String, in spool: String, groups: String = "--groups=\(users)"
    ) async throws -> Outcome {
        try await shell(
            uid,
            """
            umask \(mask) && echo '{"text": "definitions of birds"}' > \(spool)/tmp/\(name) \
            && mv \(spool)/tmp/\(name) \(spool)/new/\(name)
            """, groups: groups)
    }

    /// Runs a program as another user.
    private static func launcher(_ uid: Int, groups: String = "--clear-groups") -> [String] {
        ["/usr/bin/setpriv", "--reuid", "\(uid)", "--regid", "\(uid)", groups]
    }

    @Test("sglorad-ctl asks through the spool while the daemon is down, and is answered once it is up")
    func control() async throws {
        try await withTemporaryFolder { folder in
            let spool = "\(folder)/spool"
            let arguments = ["--spool", spool]
            @Sendable func control(_ arguments: String...) async throws -> Outcome {
                try await Program.run(
                    "\(Places.products)/sglorad-ctl", arguments,
                    environment: ["SGLORAD_SPOOL": spool, "SGLORAD_SOCKET": "\(folder)/socket"])
            }
            let none = try await control("request", "definitions of birds", "--spool", "--no-wait")
            #expect(none.status == 1 && none.error.contains("no spool here"), "\(none.error)")
            try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
            }
            // Nobody is there: the file waits, and so does the caller.
            let receipt = try await control(
                "request", "definitions of birds", "--spool", "--no-wait", "--idempotency-key", "k-1",
                "--json")
            #expect(receipt.status == 0, "\(receipt.error)")
            #expect(try receipt.json()["result"] as? String == "\(spool)/done/\(uid)/k-1.json")
            #expect(names("new", in: spool) == ["k-1.json"] && names("tmp", in: spool).isEmpty)
            let waiting = Task {
                try await control(
                    "request", "definitions of fish", "--spool", "--seed", "3", "-o", "\(folder)/out")
            }
            while names("new", in: spool).count < 2 { try await Task.sleep(for: .milliseconds(10)) }
            try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
                #expect(try await result("k-1.json", in: spool).state == .done)
                let waited = try await waiting.value
                #expect(waited.status == 0, "\(waited.error)")
                #expect(waited.output.contains("wn-fish"))
                #expect(FileManager.default.fileExists(atPath: "\(folder)/out/adapter_model.safetensors"))
                // The same again is the same request, told anew.
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

    @Test("whoever forgets all is rid of what waits in the spool, is being taken in and is being answered")
    func forgetting() async throws {
        try await withTemporaryFolder { folder in
            let spool = "\(folder)/spool"
            try Data("queue:\n  perUser: 20\n".utf8).write(to: URL(filePath: "\(folder)/config.yaml"))
            let arguments = ["--spool", spool, "--config", "\(folder)/config.yaml"]
            try await TestDaemon.run(in: folder, arguments: arguments) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
                for number in 0..<120 {
                    try drop(
                        "\(number).json",
                        #"{"text": "birds \#(number)", "strategy": "weighted", "force": true}"#,
                        in: spool)
                }
                try await Task.sleep(for: .milliseconds(300))
                let forgotten = try await daemon.control("forget", "--all")
                #expect(forgotten.status == 0, "\(forgotten.error)")
                // Whatever were still to come would have come by then.
                try await Task.sleep(for: .seconds(2))
                for place in ["tmp", "new", "taking", "done/\(uid)"] {
                    #expect(names(place, in: spool) == [], "\(place)")
                }
                let requests = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                #expect(requests.requests.isEmpty)
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                #expect(adapters.adapters.isEmpty)
            }
        }
    }

    @Test("a spool that cannot be used is a condition with its remedy, and mended without a restart")
    func broken() async throws {
        try await withTemporaryFolder { folder in
            let spool = "\(folder)/spool"
            #expect(FileManager.default.createFile(atPath: spool, contents: nil))
            let end = try await TestDaemon.run(in: folder, arguments: ["--spool", spool]) { daemon in
                let status = try await daemon.reply(Methods.Status.Reply.self, "status")
                #expect(status.state == "degraded")
                let condition = try #require(status.conditions.first { $0.name == "spool" })
                #expect(condition.message.contains(spool))
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }
}
