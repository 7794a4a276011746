import ControlProtocol
import Foundation
import Glibc
import Testing

/// That what an intent says stays where it must, and goes when it must: looked for in every file, not asked for.
@Suite(
    "Privacy", .timeLimit(.minutes(20)), .enabled(if: Places.hasModel, "needs the text encoder: make model"))
struct PrivacyTests {
    /// Words that stand in no model, no program and no description.
    private static let words = ["quixoblat", "zephyrondil", "labellaria"]
    private static let text = "definitions of birds quixoblat zephyrondil"

    /// The files below a folder that hold one of the words.
    private static func holding(_ folder: String) -> [String] {
        let below = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
        return below.map { "\(folder)/\($0)" }.filter { path in
            guard let data = FileManager.default.contents(atPath: path) else { return false }
            return words.contains { path.contains($0) || data.range(of: Data($0.utf8)) != nil }
        }
    }

    /// The files that a process has mapped and that hold one of the words, its removed ones included; how many were read.
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

    /// Waits until nothing holds the words but what is meant to.
    private static func untilGone(_ folders: [String], but kept: (String) -> Bool = { _ in false })
        async throws
    {
        var left: [String] = []
        for _ in 0..<1200 {
            left = folders.flatMap(holding).filter { !kept($0) }
            if left.isEmpty { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("the words stand in \(left)")
    }

    private static func ended(_ id: String, _ daemon: TestDaemon) async throws -> String {
        while true {
            let request = try await daemon.reply(Methods.GetRequest.Reply.self, "queue", "show", id).request
            if request.finishedAt != nil { return request.state }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test(
        "once requests have ended, however they end, no file holds a word of them; forgetting takes the rest")
    func words() async throws {
        try await withTemporaryFolder { folder in
            let spool = "\(folder)/spool"
            let places = ["\(folder)/state", spool]
            let end = try await TestDaemon.run(
                in: folder, arguments: ["--spool", spool, "--log-level", "trace"]
            ) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
                let done = try await daemon.reply(
                    Methods.Request.Reply.self, "request", Self.text, "--label", "labellaria")
                let refused = try await daemon.control("request", "zephyrondil quixoblat")
                #expect(refused.status == 2)
                let failed = try await daemon.control("request", Self.text, "--strategy", "sg-lora")
                #expect(failed.status == 1)
                for name in ["good.json", "bad.json"] {
                    let content = name == "good.json" ? #"{"text": "\#(Self.text)"}"# : "{ \(Self.text)"
                    try Data(content.utf8).write(to: URL(filePath: "\(spool)/tmp/\(name)"))
                    #expect(rename("\(spool)/tmp/\(name)", "\(spool)/new/\(name)") == 0)
                }
                // Called off while it waits or while it runs: either way it ends.
                let called = try await daemon.control("request", Self.text, "--no-wait")
                let id = called.output.trimmingCharacters(in: .newlines)
                _ = try await daemon.control("queue", "cancel", id)
                _ = try await Self.ended(id, daemon)
                let results = ["good.json", "bad.json"].map { "\(spool)/done/\(geteuid())/\($0)" }
                while !results.allSatisfy(FileManager.default.fileExists) {
                    try await Task.sleep(for: .milliseconds(20))
                }
                // What is kept on purpose: the caller's label, and the file that was no intent.
                try await Self.untilGone(places) { path in
                    path.contains("/rejected/") || path.contains("/cache.db")
                        || path.hasSuffix("/\(done.adapter?.adapterId ?? "").json")
                        || path.contains("/queue.db")
                }
                #expect(Self.holding("\(spool)/rejected").count == 1)
                // The text is not in the queue's database, its label is.
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
                // Nothing is left to wait for.
                #expect(places.flatMap(Self.holding).isEmpty)
                let nothing = try await daemon.control("forget", "--all")
                #expect(nothing.output == "There was nothing to forget.\n", "\(nothing.output)")
                let list = try await daemon.reply(Methods.ListRequests.Reply.self, "queue", "list")
                #expect(list.requests.isEmpty)
            }
            #expect(end.status == 0, "\(end.log)")
            #expect(Self.words.allSatisfy { !end.log.contains($0) }, "\(end.log)")
            #expect(places.flatMap(Self.holding).isEmpty)
        }
    }

    @Test("what was forgotten does not come back with a backup")
    func backup() async throws {
        try await withTemporaryFolder { folder in
            let (state, backup) = ("\(folder)/state", "\(folder)/backup")
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
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
            // Copied back over the state directory, as docs/operations.md says.
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

    @Test("one request is forgotten by its id, even while it waits; a stranger's id is nobody's")
    func single() async throws {
        try await TestDaemon.run { daemon in
            try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
            let id = try await daemon.control("request", Self.text, "--no-wait").output
                .trimmingCharacters(in: .newlines)
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

    @Test("an adapter is the same bytes for whoever asks, whenever: it holds no user and no time")
    func adapters() async throws {
        try await withTemporaryFolder { folder in
            var first: [String: Data] = [:]
            var second: [String: Data] = [:]
            for round in 0..<2 {
                // Another daemon, another state, later, and the text and the label are others.
                let outer = "\(folder)/\(round)"
                try FileManager.default.createDirectory(atPath: outer, withIntermediateDirectories: false)
                try await TestDaemon.run(in: outer) { daemon in
                    try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
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
        "from its start to its stop no program of ours makes a socket that is not a Unix socket",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"),
            "needs strace: apt-get install strace"))
    func sockets() async throws {
        try await withTemporaryFolder { folder in
            let (spool, tasks, trace) = ("\(folder)/spool", "\(folder)/tasks", "\(folder)/trace")
            func traced(_ name: String) -> [String] {
                // As a grandchild, so that signals reach the program; children of the program are followed.
                [
                    "/usr/bin/strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=socket,socketpair",
                    "-o",
                    "\(trace)-\(name)",
                ]
            }
            try Self.writeTask(tasks)
            let control = traced("control") + ["\(Places.products)/sglorad-ctl"]
            let end = try await TestDaemon.run(
                in: folder, arguments: ["--spool", spool], launcher: traced("daemon")
            ) { daemon in
                try await daemon.importExperts(Places.experts("wn-birds", "wn-fish"))
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

    /// Every socket of a trace must be a Unix one, and there must be as many as it takes to have seen something.
    private static func checkTrace(_ path: String, least: Int) throws {
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

    @Test("the daemon writes no core file, and its memory is closed to others of its user")
    func coreFiles() async throws {
        try await withTemporaryFolder { folder in
            // As a user of its own, since root may do anything anyway.
            let isRoot = geteuid() == 0
            let launcher = ["/usr/bin/setpriv", "--reuid", "4100", "--regid", "4100", "--clear-groups"]
            if isRoot { #expect(chown(folder, 4100, 4100) == 0) }
            let end = try await TestDaemon.run(in: folder, launcher: isRoot ? launcher : []) { daemon in
                // Answered, so that it has come to where SIGTERM is waited for.
                #expect(try await daemon.control("status").status == 0)
                let limits = try String(contentsOfFile: "/proc/\(daemon.process)/limits", encoding: .utf8)
                let line = try #require(
                    limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
                #expect(line.split(separator: " ").suffix(3).prefix(2) == ["0", "0"], "\(line)")
                // What is not dumpable belongs to root in /proc, whoever runs it (proc(5)).
                var status = stat()
                #expect(stat("/proc/\(daemon.process)/mem", &status) == 0 && status.st_uid == 0)
            }
            #expect(end.status == 0, "\(end.log)")
        }
    }
}
