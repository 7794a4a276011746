import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Where the text of an intent is stored and when it is erased, checked by searching every file.
@Suite("Privacy", .timeLimit(.minutes(20)), .needsModel)
struct PrivacyTests {
    /// Words that occur in no model, program or description.
    private static let words = ["quixoblat", "zephyrondil", "labellaria"]
    private static let text = "definitions of birds quixoblat zephyrondil"

    /// The files below a folder whose path or content contains one of the words.
    private static func holding(_ folder: String) -> [String] {
        let below = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
        return below.map { "\(folder)/\($0)" }.filter { path in
            guard let data = FileManager.default.contents(atPath: path) else { return false }
            return words.contains { path.contains($0) || data.range(of: Data($0.utf8)) != nil }
        }
    }

    /// The mapped files of a process, deleted ones included, that contain one of the words, and how many were read.
    private static func mapped(_ process: Int32) throws -> (holding: [String], read: Int) {
        let maps = "/proc/\(process)/map_files"
        var read = 0
        let holding = try FileManager.default.contentsOfDirectory(atPath: maps).filter { name in
            guard let data = FileManager.default.contents(atPath: "\(maps)/\(name)") else { return false }
            read += 1
            return words.contains { data.range(of: Data($0.utf8)) != nil }
        }
        return (holding, read)
    }

    /// Waits until no file contains the words except those that may keep them.
    private static func untilErased(_ folders: [String], except kept: (String) -> Bool) async throws {
        func left() -> [String] { folders.flatMap(holding).filter { !kept($0) } }
        do {
            try await eventually("the words to be erased") { left().isEmpty }
        } catch is TimeoutError {
            Issue.record("the words are still in \(left())")
        }
    }

    @Test("after the end of a request no file contains its text; forgetting erases the rest")
    func words() async throws {
        try await withTemporaryFolder { folder in
            let spool = TestSpool("\(folder)/spool")
            let places = ["\(folder)/state", spool.path]
            let end = try await TestDaemon.run(
                in: folder, arguments: ["--spool", spool.path, "--log-level", "trace"]
            ) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                let done = try await daemon.reply(
                    Methods.Request.Reply.self, "request", Self.text, "--label", "labellaria")
                let refused = try await daemon.control("request", "zephyrondil quixoblat")
                #expect(refused.status == 2)
                let failed = try await daemon.control("request", Self.text, "--strategy", "sg-lora")
                #expect(failed.status == 1)
                try spool.drop("good.json", #"{"text": "\#(Self.text)"}"#)
                try spool.drop("bad.json", "{ \(Self.text)")
                // Cancelled while it is queued or running: it ends either way.
                let id = try await daemon.control("request", Self.text, "--no-wait").line
                _ = try await daemon.control("queue", "cancel", id)
                _ = try await daemon.finished(id)
                let results = ["good.json", "bad.json"].map { spool.resultFile($0) }
                try await eventually("the spool's results") {
                    results.allSatisfy(FileManager.default.fileExists)
                }
                // Kept on purpose: the caller's label, and the file that was not an intent.
                try await Self.untilErased(places) { path in
                    path.contains("/rejected/") || path.contains("/cache.db")
                        || path.hasSuffix("/\(done.adapter?.adapterId ?? "").json")
                        || path.contains("/queue.db")
                }
                #expect(Self.holding("\(spool.path)/rejected").count == 1)
                let texts = ByteSearch(["quixoblat", "zephyrondil"])
                try await eventually("the texts to leave the queue's files") {
                    texts.files(below: "\(folder)/state").keys.allSatisfy { !$0.contains("queue.db") }
                }
                // The queue's database contains the label but not the text.
                for path in Self.holding("\(folder)/state") where path.contains("queue.db") {
                    let data = try #require(FileManager.default.contents(atPath: path))
                    #expect(data.range(of: Data("labellaria".utf8)) != nil, "\(path)")
                }
                if geteuid() == 0 {
                    let mapped = try Self.mapped(daemon.process)
                    #expect(mapped.read > 10 && mapped.holding.isEmpty, "\(mapped)")
                }
                let adapter = try #require(done.adapter)
                #expect(Self.holding(adapter.path).isEmpty)

                let byLabel = try await daemon.reply(
                    Methods.Forget.Reply.self, "forget", "--label", "labellaria")
                #expect(
                    byLabel.requests == [done.request.requestId] && byLabel.adapters == [adapter.adapterId])
                #expect(!FileManager.default.fileExists(atPath: adapter.path))
                let rest = try await daemon.reply(Methods.Forget.Reply.self, "forget", "--all")
                #expect(rest.requests.count >= 4 && rest.results == 2 && rest.files == 1)
                // Everything was erased before the reply.
                #expect(places.flatMap(Self.holding).isEmpty)
                let nothing = try await daemon.control("forget", "--all")
                #expect(nothing.output == "Nothing to erase.\n", "\(nothing.output)")
                let list = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                #expect(list.requests.isEmpty)
            }
            #expect(end.status == 0, "\(end.log)")
            #expect(Self.words.allSatisfy { !end.log.contains($0) }, "\(end.log)")
            #expect(places.flatMap(Self.holding).isEmpty)
        }
    }

    @Test("forgotten requests do not come back with a restored backup")
    func backup() async throws {
        try await withTemporaryFolder { folder in
            let (state, backup) = ("\(folder)/state", "\(folder)/backup")
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                for label in ["labellaria", "other"] {
                    _ = try await daemon.reply(
                        Methods.Request.Reply.self, "request", "definitions of birds", "--label", label)
                }
            }
            try FileManager.default.copyItem(atPath: state, toPath: backup)
            try await TestDaemon.run(in: folder) { daemon in
                let forgotten = try await daemon.reply(
                    Methods.Forget.Reply.self, "forget", "--label", "labellaria")
                #expect(forgotten.requests.count == 1 && forgotten.adapters.count == 1)
            }
            // Copied over the state directory, as docs/operations.md describes.
            let copy = try await Program.run("/bin/cp", ["-a", "\(backup)/.", state])
            try #require(copy.status == 0, "\(copy.error)")
            #expect(!Self.holding(state).isEmpty)
            try await TestDaemon.run(in: folder) { daemon in
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                    .adapters
                #expect(adapters.map(\.label) == ["other"])
                let requests = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                    .requests
                #expect(requests.map(\.label) == ["other"])
                #expect(Self.holding(state).isEmpty)
                #expect(daemon.files("adapters").count { $0.hasSuffix(".json") && !$0.contains("/a-") } == 0)
            }
        }
    }

    @Test("one request is forgotten by its id, even while queued; an unknown id is an error")
    func single() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let id = try await daemon.control("request", Self.text, "--no-wait").line
            let forgotten = try await daemon.reply(Methods.Forget.Reply.self, "forget", id)
            #expect(forgotten.requests == [id])
            #expect(Self.holding(daemon.state).isEmpty)
            let gone = try await daemon.control("forget", id)
            #expect(gone.status == 65 && gone.error.contains("no request"), "\(gone.error)")
            for arguments in [["forget"], ["forget", id, "--all"], ["forget", id, "--uid", "1"]] {
                #expect(try await daemon.control(arguments).status == 64, "\(arguments)")
            }
        }
    }

    @Test("an adapter's bytes depend on neither user nor time")
    func adapters() async throws {
        try await withTemporaryFolder { folder in
            var first: [String: Data] = [:]
            var second: [String: Data] = [:]
            for round in 0..<2 {
                // Another daemon, another state, another time, another label.
                let outer = "\(folder)/\(round)"
                try FileManager.default.createDirectory(atPath: outer, withIntermediateDirectories: false)
                try await TestDaemon.run(in: outer) { daemon in
                    try await daemon.importExperts(Places.twoExperts)
                    let outcome = try await daemon.control(
                        "request", Self.text, "--seed", "5", "--label", "labellaria \(round)", "-o",
                        "\(outer)/out")
                    #expect(outcome.status == 0, "\(outcome.error)")
                }
                for name in try FileManager.default.contentsOfDirectory(atPath: "\(outer)/out") {
                    let data = FileManager.default.contents(atPath: "\(outer)/out/\(name)")
                    if round == 0 { first[name] = data } else { second[name] = data }
                }
                #expect(Self.holding("\(outer)/out").isEmpty)
            }
            #expect(first == second && first.count >= 2)
        }
    }

    @Test(
        "from start to stop the programs create only Unix sockets",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"),
            "needs strace: apt-get install strace"))
    func sockets() async throws {
        try await withTemporaryFolder { folder in
            let (spool, tasks, trace) = ("\(folder)/spool", "\(folder)/tasks", "\(folder)/trace")
            func traced(_ name: String) -> [String] {
                // -D: strace becomes a grandchild, so that signals reach the program. -f: its children are traced.
                [
                    "/usr/bin/strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=socket,socketpair",
                    "-o", "\(trace)-\(name)",
                ]
            }
            try Self.writeTask(tasks)
            let control = traced("control") + ["\(Places.products)/sglorad-ctl"]
            let end = try await TestDaemon.run(
                in: folder, arguments: ["--spool", spool], launcher: traced("daemon")
            ) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                for arguments in [
                    ["generator", "train", "--steps", "5"], ["request", "definitions of birds"],
                    ["generator", "evaluate", "--tasks", tasks, "--held-out", "--methods", "base,weighted"],
                    ["encode", "a bird"], ["cache", "verify"], ["forget", "--all"], ["status"],
                ] {
                    let outcome = try await daemon.control(arguments)
                    #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
                }
                for arguments in [["status"], ["request", "definitions of fish", "--spool"]] {
                    let outcome = try await Program.run(
                        control[0], Array(control.dropFirst()) + arguments,
                        environment: ["SGLORAD_SOCKET": daemon.socket, "SGLORAD_SPOOL": spool])
                    #expect(outcome.status == 0, "\(arguments): \(outcome.error)")
                    try Self.checkTrace("\(trace)-control", least: arguments.contains("--spool") ? 0 : 1)
                }
            }
            #expect(end.status == 0, "\(end.log)")
            try Self.checkTrace("\(trace)-daemon", least: 1)
        }
    }

    /// Expects every socket of a trace to be a Unix socket, and at least `least` of them.
    static func checkTrace(_ path: String, least: Int) throws {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").filter {
            $0.contains("socket(") || $0.contains("socketpair(")
        }
        #expect(lines.count >= least, "\(path)")
        for line in lines { #expect(line.contains("(AF_UNIX,"), "\(line)") }
    }

    private static func writeTask(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let task = Wire.EvaluationTask(
            name: "reptiles", description: "Match definitions of reptiles to their names", family: "wn",
            pool: ["owl", "shark", "adder"],
            queries: [
                Wire.EvaluationQuery(text: "a bird that hoots", answer: 0),
                Wire.EvaluationQuery(text: "a fish with teeth", answer: 1),
                Wire.EvaluationQuery(text: "a snake", answer: 2),
            ])
        try JSONEncoder().encode(task).write(to: URL(filePath: "\(folder)/reptiles.json"))
    }

    @Test("the daemon writes no core file, and other processes of its user cannot read its memory")
    func coreFiles() async throws {
        try await withTemporaryFolder { folder in
            // As another user, since root may read everything anyway.
            let isRoot = geteuid() == 0
            let launcher = ["/usr/bin/setpriv", "--reuid", "4100", "--regid", "4100", "--clear-groups"]
            if isRoot { #expect(chown(folder, 4100, 4100) == 0) }
            let end = try await TestDaemon.run(in: folder, launcher: isRoot ? launcher : []) { daemon in
                #expect(try await daemon.control("status").status == 0)
                let limits = try String(contentsOfFile: "/proc/\(daemon.process)/limits", encoding: .utf8)
                let line = try #require(
                    limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
                #expect(line.split(separator: " ").suffix(3).prefix(2) == ["0", "0"], "\(line)")
                // The files in /proc of a process that is not dumpable belong to root (proc(5)).
                var status = stat()
                #expect(stat("/proc/\(daemon.process)/mem", &status) == 0 && status.st_uid == 0)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }
}
