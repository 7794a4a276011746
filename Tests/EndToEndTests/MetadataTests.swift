import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// What a user is told of others: nothing, neither by the daemon nor by the file system.
@Suite("Metadata of others", .timeLimit(.minutes(20)), .needsModel, .needsOtherUsers)
struct MetadataTests {
    private static let reports = [
        (Methods.Status.qualifiedName, "{}", false), (Methods.CacheStatistics.qualifiedName, "{}", false),
        (Methods.Metrics.qualifiedName, "{}", false),
    ]

    @Test("counts and conditions of users are their own; administrators see all")
    func counts() async throws {
        // Without the daemon's own verification, which repairs.
        let configuration = Attack.configuration + "cache:\n  verifyEvery: 0s\n"
        try await TestDaemon.run(configuration: configuration, experts: Places.twoExperts) { daemon in
            let adapter = try await PermissionTable.makeObjects(at: daemon.socket).adapter
            let refused = try await PermissionTable.owner.call(
                Methods.Request.qualifiedName, #"{"intent":{"text":"zephyrondil quixoblat"}}"#,
                at: daemon.socket)
            #expect(refused.error == "io.sglorad.NoRelevantExpert")
            // Damage the owner's adapter, which a verification reports with its path.
            let weights = try #require(
                daemon.files("adapters").first { $0.hasSuffix("\(adapter)/adapter_model.safetensors") })
            let path = "\(daemon.state)/adapters/\(weights)"
            let folder = String(weights.prefix { $0 != "/" })
            var bytes = try #require(FileManager.default.contents(atPath: path))
            bytes[bytes.count - 1] ^= 1
            let handle = try #require(FileHandle(forWritingAtPath: path))
            try handle.write(contentsOf: bytes)
            try handle.close()
            _ = try await daemon.control("cache", "verify")
            #expect(chmod(daemon.socket, 0o666) == 0)
            for (name, peer, requests, isTold) in [
                ("owner", PermissionTable.owner, 2, true), ("neighbour", PermissionTable.neighbour, 0, false),
                ("administrator", PermissionTable.administrator, 2, true),
            ] as [(String, OtherUser, Int, Bool)] {
                let answers = try await peer.call(Self.reports, at: daemon.socket)
                let queue = try #require(answers[0].parameters["queue"] as? [String: Int])
                #expect(queue.values.reduce(0, +) == requests, "\(name): \(queue)")
                let all = answers.map(\.text).joined()
                #expect(all.contains(adapter) == isTold, "\(name): \(all)")
                #expect(all.contains(folder) == isTold, "\(name): \(all)")
                #expect((answers[0].parameters["state"] as? String == "degraded") == isTold, "\(name)")
                let adapters = try #require(answers[1].parameters["adapters"] as? [String: Int])
                #expect(adapters["count"] == (requests > 0 ? 1 : 0), "\(name)")
                let isAdministrator = name == "administrator"
                #expect((answers[1].parameters["databaseBytes"] != nil) == isAdministrator)
                let metrics = try #require(answers[2].parameters["text"] as? String)
                #expect(metrics.contains("sglorad_cache_items{kind=\"experts\"} 2"))
                #expect(
                    metrics.contains("sglorad_queue_requests{state=\"refused\"} \(requests / 2)"), "\(name)")
                for hidden in ["sglorad_requests_total", "sglorad_calls", "process_", "sglorad_connections"] {
                    #expect(metrics.contains(hidden) == isAdministrator, "\(name): \(hidden)")
                }
            }
        }
    }

    @Test("a Monitor call reports the caller's own requests and counts only")
    func monitor() async throws {
        try await TestDaemon.run(configuration: Attack.configuration, experts: Places.twoExperts) { daemon in
            let script = """
                peer = connect()
                peer.sendall(encoded("Monitor", more=True))
                replies = receive(peer)
                ready()
                wait()
                peer.settimeout(1.5)
                data = b""
                try:
                    while True:
                        data += peer.recv(65536)
                except TimeoutError:
                    pass
                replies += [json.loads(part) for part in data.split(b"\\0") if part]
                for reply in replies:
                    parameters = reply["parameters"]
                    if "request" in parameters or any(parameters["health"]["queue"].values()):
                        raise SystemExit(json.dumps(reply))
                """
            try await Attack.run(script, as: [PermissionTable.neighbour], on: daemon) {
                _ = try await PermissionTable.makeObjects(at: daemon.socket)
            }
        }
    }

    @Test("owners and the publish group reach adapters as files; others cannot even look at what there is")
    func files() async throws {
        try await withTemporaryFolder { folder in
            #expect(chmod(folder, 0o755) == 0)
            let engine = OtherUser(uid: 60_021, gid: 60_021, groups: [60_300])
            let configuration = Attack.configuration + "publish:\n  group: 60300\n"
            try await TestDaemon.run(in: folder, configuration: configuration) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                let made = try await PermissionTable.owner.call(
                    Methods.Request.qualifiedName, PermissionTable.intent, at: daemon.socket)
                let adapter = try #require(made.parameters["adapter"] as? [String: Any])
                let path = try #require(adapter["path"] as? String)
                let look = """
                    for path in sys.argv[1:]:
                        try:
                            os.stat(path)
                            print("seen", path)
                        except (PermissionError, FileNotFoundError):
                            print("closed", path)
                    """
                let inside = daemon.files("private").map { "private/\($0)" }
                #expect(inside.contains("private/queue.db") && inside.contains("private/owners/60011"))
                let guesses = ["queue.db", "queue.db-wal", "cache.db", "blobs", "uploads"].flatMap {
                    [$0, "private/\($0)"]
                }
                let foreign =
                    ["adapters/60011", "adapters/60012", "adapters/0", "adapters/60999"] + guesses + inside
                let places = foreign.map { "\(daemon.state)/\($0)" }
                let above = ["private", "lock", "adapters"].map { "\(daemon.state)/\($0)" }
                // Even whoever has adapters, and so may pass, learns nothing of others by looking.
                let second = try await PermissionTable.neighbour.call(
                    Methods.Request.qualifiedName, PermissionTable.intent, at: daemon.socket)
                #expect(second.error == nil, "\(second.text)")
                for other in [PermissionTable.owner, PermissionTable.neighbour, engine] {
                    let seen = try await other.run(look, places)
                    #expect(!seen.output.contains("seen") && seen.status == 0, "\(seen.output) \(seen.error)")
                }
                let strange = try await OtherUser(uid: 60_001, gid: 60_001).run(look, places + above + [path])
                #expect(!strange.output.contains("seen") && strange.status == 0, "\(strange.output)")
                let denied = try await PermissionTable.neighbour.run(
                    "os.listdir(sys.argv[1])", [String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])])
                #expect(denied.error.contains("PermissionError"), "\(denied.error)")
                let read = """
                    for name in os.listdir(sys.argv[1]):
                        open(sys.argv[1] + "/" + name, "rb").read()
                    for closed in sys.argv[2:]:
                        try:
                            os.listdir(closed)
                            raise SystemExit(closed)
                        except PermissionError:
                            pass
                    """
                for reader in [PermissionTable.owner, engine] {
                    let outcome = try await reader.run(
                        read,
                        [path, daemon.state, "\(daemon.state)/adapters", "\(daemon.state)/private/blobs"])
                    #expect(outcome.status == 0, "\(outcome.error)")
                }
            }
            // A restart keeps it so, and every path as it was.
            try await TestDaemon.run(in: folder, configuration: configuration) { daemon in
                let list = try await PermissionTable.owner.call(
                    Methods.ListAdapters.qualifiedName, "{}", at: daemon.socket)
                let adapters = try #require(list.parameters["adapters"] as? [[String: Any]])
                let path = try #require(adapters.first?["path"] as? String)
                let outcome = try await PermissionTable.owner.run("os.listdir(sys.argv[1])", [path])
                #expect(outcome.status == 0, "\(outcome.error)")
                #expect(FileManager.default.fileExists(atPath: path))
            }
        }
    }
}
