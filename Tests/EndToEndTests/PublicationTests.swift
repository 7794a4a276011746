import Files
import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// What is published to model servers, through the real daemon, with a stand-in for llama-server on a real socket.
@Suite("Publication", .timeLimit(.minutes(20)), .needsModel)
struct PublicationTests {
    private static let base = "sentence-transformers/all-MiniLM-L6-v2"
    private static let intent = "match definitions of birds to their names"

    /// A folder with a daemon that publishes there.
    private struct Place: Sendable {
        let folder: String
        var preset: String { "\(folder)/state/published/llama-server.ini" }
        var router: String { "\(folder)/llama.sock" }
        var peft: String { "\(folder)/peft" }
        var presetText: String { (try? String(contentsOfFile: preset, encoding: .utf8)) ?? "" }
        var folders: [String] { Folder.entries(of: peft) }

        func configuration(_ more: String = "  automatic: true\n", access: String = "") -> String {
            access + "publish:\n  llamaServer:\n    socket: \(router)\n  peftDirectory: \(peft)\n" + more
        }

        /// Experts, and the GGUF file of their base.
        func prepare(_ daemon: some DaemonAccess) async throws {
            try await daemon.importExperts(Places.twoExperts)
            try MadeModel().write(to: "\(folder)/minilm.gguf")
            let added = try await daemon.control("base", "add", base, "--gguf", "\(folder)/minilm.gguf")
            try #require(added.status == 0, "\(added.error)")
        }
    }

    private static func request(
        _ daemon: some DaemonAccess, label: String, seed: Int = 7, format: String = "peft,gguf"
    ) async throws -> Wire.Adapter {
        let reply = try await daemon.reply(
            Methods.Request.Reply.self, "request", intent, "--label", label, "--seed", "\(seed)", "--format",
            format)
        return try #require(reply.adapter)
    }

    private static func inPlace(_ body: @Sendable (Place) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            #expect(chmod(folder, 0o755) == 0)
            try await body(Place(folder: folder))
        }
    }

    @Test(
        "a label answers under its name within three seconds, the newest adapter serves, and forget takes it away"
    )
    func life() async throws {
        try await Self.inPlace { place in
            let router = try RouterStandIn(at: place.router, preset: place.preset)
            try await TestDaemon.run(
                in: place.folder,
                configuration: place.configuration("  automatic: true\n  owner: \(geteuid())\n")
            ) {
                daemon in
                try await place.prepare(daemon)
                let first = try await Self.request(daemon, label: "travel")
                let done = ContinuousClock.now
                #expect(first.published == "travel")
                try await eventually("the name to be listed", within: .seconds(60)) {
                    router.names == ["travel"]
                }
                let took = ContinuousClock.now - done
                #expect(took < .seconds(3), "\(took)")
                let gguf = try #require(first.files.first { $0.name.hasSuffix(".gguf") })
                #expect(router.load("travel").map { FileDigest.sha256($0) } == gguf.digest)
                #expect(router.arguments(of: "travel")?["model"] == "\(place.folder)/minilm.gguf")
                #expect(router.arguments(of: "travel")?["ctx-size"] == "4096")
                try await eventually("the PEFT folder") { place.folders == ["travel"] }

                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", Self.intent, "--label", "travel", "--seed", "8",
                    "--format", "peft,gguf")
                let second = try #require(reply.adapter)
                #expect(reply.replaced == first.adapterId)
                let after = try #require(second.files.first { $0.name.hasSuffix(".gguf") })
                try await eventually("the newest to serve") {
                    router.load("travel").map { FileDigest.sha256($0) } == after.digest
                }
                let shown = try await daemon.reply(
                    Methods.GetAdapter.Reply.self, "adapter", "show", first.adapterId)
                #expect(shown.adapter.published == nil)
                let evicted = try await daemon.control("cache", "evict", "--max-bytes", "0")
                #expect(evicted.status == 0)
                let status = try await daemon.reply(Methods.Status.Reply.self, "status")
                try #require(status.publishing?.names == 1)
                try await eventually("the state") {
                    try await daemon.reply(Methods.Status.Reply.self, "status").publishing?.llamaServer
                        == "current"
                }

                let forgotten = try await daemon.control("forget", "--label", "travel")
                #expect(forgotten.status == 0, "\(forgotten.error)")
                #expect(!place.presetText.contains("travel") && place.folders.isEmpty)
                try await eventually("the name to be gone") { router.names.isEmpty }
                #expect(router.load("travel") == nil)
                try await eventually("the doctor to find all well") {
                    try await daemon.control("doctor").output.contains("published names: 0 names")
                }
            }
            router.stop()
        }
    }

    @Test("adapters are published by hand, and every removal takes the name with it")
    func byHand() async throws {
        try await Self.inPlace { place in
            let router = try RouterStandIn(at: place.router, preset: place.preset)
            try await TestDaemon.run(in: place.folder, configuration: place.configuration("")) { daemon in
                try await place.prepare(daemon)
                let uid = geteuid()
                let made = try await Self.request(daemon, label: "travel")
                #expect(made.published == nil && place.folders.isEmpty)
                let published = try await daemon.control("adapter", "publish", made.adapterId)
                #expect(
                    published.status == 0 && published.output.contains("as \(uid)-travel"),
                    "\(published.error)")
                let more = try await Self.request(daemon, label: "travel", seed: 8, format: "gguf")
                let replaced = try await daemon.control("adapter", "publish", more.adapterId)
                #expect(replaced.output.contains("It replaces \(made.adapterId)"), "\(replaced.output)")
                #expect((replaced.output + replaced.error).contains("--format peft"), "\(replaced.error)")
                let bad = try await daemon.control("adapter", "publish", made.adapterId, "--name", "a]b")
                #expect(bad.status == 64 || bad.status == 65 || bad.status == 1, "\(bad.status)")
                #expect(bad.error.contains("a to z"), "\(bad.error)")
                let mail = try await daemon.reply(
                    Methods.PublishAdapter.Reply.self, "adapter", "publish", made.adapterId, "--name", "mail")
                #expect(mail.name == "\(uid)-mail" && mail.servers == ["llama-server", "peft-directory"])
                try await eventually("both names") { router.names == ["\(uid)-mail", "\(uid)-travel"] }
                let show = try await daemon.control("adapter", "show", made.adapterId)
                #expect(show.output.contains("\(uid)-mail"))

                let back = try await daemon.control("adapter", "unpublish", more.adapterId)
                #expect(back.status == 0 && !place.presetText.contains("travel"))
                let again = try await daemon.control("adapter", "unpublish", more.adapterId)
                #expect(again.status != 0 && again.error.contains("no published adapter"), "\(again.error)")
                let removed = try await daemon.control("adapter", "remove", made.adapterId)
                #expect(removed.status == 0 && place.folders.isEmpty && !place.presetText.contains("mail"))
                try await eventually("no name") { router.names.isEmpty }

                _ = try await daemon.control("adapter", "publish", more.adapterId, "--name", "derived")
                #expect(place.presetText.contains("[\(uid)-derived]"))
                let expert = try #require(more.provenance.experts.first?.expert)
                let gone = try await daemon.control("expert", "remove", expert, "--derived")
                #expect(gone.status == 0 && !place.presetText.contains("derived"), "\(gone.error)")
                try await eventually("no name after the expert") { router.names.isEmpty }
            }
            router.stop()
        }
    }

    @Test(
        "a server that is absent, slow or talks nonsense delays no request, is said, and is told when it is there"
    )
    func absent() async throws {
        try await Self.inPlace { place in
            try await TestDaemon.run(in: place.folder, configuration: place.configuration()) { daemon in
                try await place.prepare(daemon)
                let name = "\(geteuid())-travel"
                func condition() async throws -> Wire.Condition? {
                    try await daemon.reply(Methods.Status.Reply.self, "status").conditions
                        .first { $0.name == "publish/llama-server" }
                }
                let first = try await Self.request(daemon, label: "travel")
                #expect(first.published == name)
                try await eventually("the absence to be said") {
                    try await condition()?.message.contains("does not exist") == true
                }
                let doctor = try await daemon.control("doctor")
                #expect(doctor.status == 1 && (doctor.output + doctor.error).contains("publish/llama-server"))
                #expect(place.presetText.contains("[\(name)]"))

                let nonsense = try HTTPPeer(at: place.router) { _ in .bytes(Array("SSH-2.0-none\r\n".utf8)) }
                try await eventually("the nonsense to be said") {
                    try await condition()?.message.contains("does not speak as llama-server does") == true
                }
                nonsense.stop()
                unlink(place.router)

                let silent = try HTTPPeer(at: place.router) { _ in .silence }
                try await eventually("the silent server to be asked") { !silent.requests.isEmpty }
                let began = ContinuousClock.now
                let second = try await Self.request(daemon, label: "travel", seed: 8)
                #expect(second.published == name)
                let forgotten = try await daemon.control("forget", "--all")
                #expect(forgotten.status == 0 && !place.presetText.contains("travel"))
                #expect(ContinuousClock.now - began < .seconds(50), "something waited for the server")
                let third = try await Self.request(daemon, label: "late", seed: 9)
                #expect(third.published == "\(geteuid())-late")
                silent.stop()
                unlink(place.router)

                let router = try RouterStandIn(at: place.router, preset: place.preset)
                try await eventually("the server to be told") {
                    let status = try await daemon.reply(Methods.Status.Reply.self, "status")
                    return status.publishing?.llamaServer == "current" && status.conditions.isEmpty
                }
                #expect(router.names == ["\(geteuid())-late"])
                router.stop()
            }
        }
    }

    @Test("after a kill the files agree with the database again before the daemon serves")
    func crash() async throws {
        try await Self.inPlace { place in
            let uid = geteuid()
            let daemon = try DaemonProcess(folder: place.folder, configuration: place.configuration())
            try await daemon.run(stoppingBy: .killing) { process in
                try #require(try await daemon.waitUntilServing(process))
                try await place.prepare(daemon)
                _ = try await Self.request(daemon, label: "travel")
                try await eventually("the files") {
                    place.presetText.contains("travel") && place.folders == ["\(uid)-travel"]
                }
            }
            // As if it had been killed between the database and the files.
            try Data("[gone]\nmodel = /x\nlora = /y\n".utf8).write(to: URL(filePath: place.preset))
            try FileManager.default.removeItem(atPath: "\(place.peft)/\(uid)-travel")
            try FileManager.default.createDirectory(
                atPath: "\(place.peft)/.sglorad-00/x", withIntermediateDirectories: true)
            let end = try await TestDaemon.run(in: place.folder, configuration: place.configuration()) { _ in
                #expect(place.presetText.contains("[\(uid)-travel]") && !place.presetText.contains("gone"))
                #expect(place.folders == ["\(uid)-travel"])
            }
            #expect(end.status == 0, "\(end.log)")
            // Without a server in the configuration the preset file in the state directory goes.
            let bare = try await TestDaemon.run(in: place.folder, configuration: "logLevel: info\n") {
                daemon in
                #expect(place.presetText.isEmpty)
                let refused = try await daemon.control("adapter", "publish", "a-none")
                #expect(refused.status != 0)
            }
            #expect(bare.status == 0, "\(bare.log)")
        }
    }

    @Test(
        "two users' equal labels are two names; the group reads both, and neither user learns of the other",
        .needsOtherUsers)
    func twoUsers() async throws {
        try await Self.inPlace { place in
            let engine = OtherUser(uid: 60_021, gid: 60_021, groups: [60_300])
            let router = try RouterStandIn(at: place.router, preset: place.preset)
            let configuration = place.configuration(
                "  automatic: true\n  group: 60300\n  owner: 60011\n", access: PermissionTable.configuration)
            try await TestDaemon.run(in: place.folder, configuration: configuration) { daemon in
                try await place.prepare(daemon)
                let call =
                    #"{"intent":{"text":"definitions of birds","label":"travel","formats":["peft","gguf"],"seed":7}}"#
                var adapters: [String] = []
                for user in [PermissionTable.owner, PermissionTable.neighbour] {
                    let made = try await user.call(
                        [(Methods.Request.qualifiedName, call, true)], at: daemon.socket)
                    let adapter = made.first?.parameters["adapter"] as? [String: Any]
                    #expect(
                        adapter?["published"] as? String == (user.uid == 60_011 ? "travel" : "60012-travel"))
                    adapters.append(try #require(adapter?["adapterId"] as? String))
                }
                try await eventually("both names") { router.names == ["60012-travel", "travel"] }
                try await eventually("both folders") { place.folders == ["60012-travel", "travel"] }
                // What a user may list or ask names nothing of the other.
                for (user, foreign) in [
                    (PermissionTable.owner, "60012-travel"), (PermissionTable.neighbour, #""travel""#),
                ] {
                    let answers = try await user.call(
                        [
                            (Methods.ListAdapters.qualifiedName, "{}", false),
                            (Methods.Status.qualifiedName, "{}", false),
                            (Methods.ListRequests.qualifiedName, "{}", false),
                            (Methods.ListBases.qualifiedName, "{}", false),
                            (
                                Methods.UnpublishAdapter.qualifiedName,
                                #"{"adapterId":"\#(adapters[user.uid == 60_011 ? 1 : 0])"}"#, false
                            ),
                        ], at: daemon.socket)
                    for answer in answers.prefix(2) + answers.suffix(2) {
                        #expect(!answer.text.contains(foreign) || foreign == #""travel""#, "\(answer.text)")
                        #expect(!answer.text.contains("minilm.gguf"), "\(answer.text)")
                    }
                    #expect(answers.last?.error == "io.sglorad.NotFound")
                    let adapters = answers[0].parameters["adapters"] as? [[String: Any]]
                    #expect(adapters?.count == 1)
                    let publishing = answers[1].parameters["publishing"] as? [String: Any]
                    #expect(publishing?["names"] as? Int == 1)
                }
                // The group reads everything that the names need, and a stranger nothing.
                let read = """
                    total = 0
                    for path in sys.argv[1:]:
                        if os.path.isdir(path):
                            for folder, _, names in os.walk(path):
                                for name in names:
                                    total += len(open(os.path.join(folder, name), "rb").read())
                        else:
                            text = open(path).read()
                            for line in text.split("\\n"):
                                if line.startswith("lora = "):
                                    total += len(open(line[7:], "rb").read())
                    print(total)
                    """
                let seen = try await engine.run(read, [place.preset, place.peft])
                #expect(
                    seen.status == 0
                        && (Int(seen.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) > 100_000,
                    "\(seen.error)")
                let stranger = try await PermissionTable.neighbour.run(read, [place.preset])
                #expect(
                    stranger.status != 0 && stranger.error.contains("PermissionError"), "\(stranger.output)")
                let listing = try await PermissionTable.neighbour.run(
                    "print(os.listdir(sys.argv[1]))", [place.peft])
                #expect(listing.status != 0 && listing.error.contains("PermissionError"), "\(listing.output)")
                let forgotten = try await PermissionTable.neighbour.call(
                    Methods.Forget.qualifiedName, #"{"label":"travel"}"#, at: daemon.socket)
                #expect(forgotten.error == nil)
                #expect(place.folders == ["travel"] && !place.presetText.contains("60012"))
            }
            router.stop()
        }
    }

    @Test(
        "with a model server in use, every socket is a Unix socket",
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/strace"),
            "needs strace: apt-get install strace"))
    func sockets() async throws {
        try await Self.inPlace { place in
            let router = try RouterStandIn(at: place.router, preset: place.preset)
            let trace = "\(place.folder)/trace"
            let end = try await TestDaemon.run(
                in: place.folder, configuration: place.configuration(),
                launcher: [
                    "/usr/bin/strace", "-D", "-f", "--seccomp-bpf", "-qq", "-e", "trace=socket,socketpair",
                    "-o", trace,
                ]
            ) { daemon in
                try await place.prepare(daemon)
                _ = try await Self.request(daemon, label: "travel")
                try await eventually("the name") { !router.names.isEmpty }
                _ = try await daemon.control("forget", "--all")
                try await eventually("no name") { router.names.isEmpty }
            }
            #expect(end.status == 0, "\(end.log)")
            let lines = try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n").filter {
                $0.contains("socket(") || $0.contains("socketpair(")
            }
            #expect(lines.count > 2)
            for line in lines { #expect(line.contains("(AF_UNIX,"), "\(line)") }
            router.stop()
        }
    }
}
