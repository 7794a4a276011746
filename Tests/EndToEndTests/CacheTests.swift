import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// The stored experts and adapters through the real daemon: eviction, verification, repair, lost databases.
@Suite("Cache", .timeLimit(.minutes(20)), .needsModel)
struct CacheTests {
    private static let experts = Places.twoExperts

    private static func request(_ text: String, _ daemon: TestDaemon) async throws -> Wire.Adapter {
        let reply = try await daemon.reply(
            Methods.Request.Reply.self, "request", text, "--strategy", "weighted", "--force", "--seed", "1")
        return try #require(reply.adapter)
    }

    /// Flips one bit of a file.
    private static func damage(_ path: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: path))
    }

    /// The path of an expert's blob, found through its manifest.
    private static func blob(of expert: String, _ daemon: TestDaemon) throws -> String {
        let manifests = daemon.files("private/blobs").filter { $0.hasSuffix(".json") }
        let found = try manifests.first { name in
            let text = try String(contentsOfFile: "\(daemon.state)/private/blobs/\(name)", encoding: .utf8)
            return text.contains("\"name\" : \"\(expert)\"")
        }
        return "\(daemon.state)/private/blobs/\(try #require(found).dropLast(5))"
    }

    private static func conditions(_ daemon: TestDaemon) async throws -> [String] {
        try await daemon.reply(Methods.Status.Reply.self, "status").conditions.map(\.name)
    }

    @Test("adapters are pinned, evicted and removed")
    func eviction() async throws {
        try await TestDaemon.run(configuration: "cache:\n  minimumAge: 0s\n", experts: Self.experts) {
            daemon in
            var adapters: [Wire.Adapter] = []
            for text in ["birds", "fish", "owls"] {
                adapters.append(try await Self.request(text, daemon))
            }
            let all = try await daemon.reply(
                Methods.ListAdapters.Reply.self, "adapter", "list", "--limit", "3")
            #expect(all.adapters.count == 3 && all.more == nil)
            let newest = try await daemon.reply(
                Methods.ListAdapters.Reply.self, "adapter", "list", "--limit", "2")
            #expect(newest.adapters == Array(all.adapters.prefix(2)) && newest.more == true)
            let table = try await daemon.control("adapter", "list", "--limit", "2")
            #expect(table.output.contains("there are more"), "\(table.output)")
            let pin = try await daemon.control("adapter", "pin", adapters[0].adapterId)
            #expect(pin.status == 0 && pin.output.contains("Pinned the adapter"), "\(pin.error)")
            let shown = try await daemon.control("adapter", "show", adapters[0].adapterId)
            #expect(shown.output.contains("pinned"))
            let dry = try await daemon.control("cache", "evict", "--max-bytes", "0", "--dry-run")
            #expect(dry.output.contains("Would evict 2 adapters"), "\(dry.output)")
            let removed = try await daemon.control("adapter", "remove", adapters[1].adapterId)
            #expect(removed.status == 0, "\(removed.error)")
            let gone = try await daemon.control("adapter", "remove", adapters[1].adapterId)
            #expect(gone.status == 65 && gone.error.contains("no adapter"))
            let evicted = try await daemon.reply(
                Methods.EvictCache.Reply.self, "cache", "evict", "--max-bytes", "0")
            #expect(evicted.evicted == [adapters[2].adapterId] && evicted.kept == 1)
            let list = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
            #expect(list.adapters.map(\.adapterId) == [adapters[0].adapterId])
            #expect(list.adapters.map(\.pinned) == [true])
            #expect(!FileManager.default.fileExists(atPath: adapters[2].path))
            // Requests are deterministic: the same one gives the same adapter again.
            let again = try await Self.request("owls", daemon)
            #expect(again.digest == adapters[2].digest)
            let wrong = try await daemon.control("cache", "evict", "--max-bytes", "-1")
            #expect(wrong.status != 0)
        }
    }

    @Test("verification finds damage, status reports it, repair quarantines it, and the rest still serves")
    func verification() async throws {
        // The daemon's own verification would repair what this one is to find.
        try await TestDaemon.run(
            configuration: "cache:\n  verifyEvery: 0s\n",
            experts: Self.experts + Places.experts("wn-insects")
        ) { daemon in
            let adapter = try await Self.request("birds", daemon)
            let sound = try await daemon.control("cache", "verify")
            #expect(sound.status == 0 && sound.output.contains("No problems found."))
            try Self.damage(try Self.blob(of: "wn-fish", daemon))
            try Self.damage(adapter.path + "/adapter_model.safetensors")
            let found = try await daemon.control("cache", "verify")
            #expect(found.status == 1, "\(found.output)")
            #expect(found.output.contains("expert 'wn-fish'"), "\(found.output)")
            #expect(found.output.contains("adapter \(adapter.adapterId)"))
            #expect(try await Self.conditions(daemon).count == 2)
            let repaired = try await daemon.control("cache", "verify", "--repair")
            #expect(repaired.status == 0, "\(repaired.output) \(repaired.error)")
            let conditions = try await Self.conditions(daemon)
            #expect(conditions.count == 2 && conditions.allSatisfy { $0.hasPrefix("damaged/") })
            let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
            #expect(list.experts.map(\.name) == ["wn-birds", "wn-insects"])
            let other = try await Self.request("birds", daemon)
            #expect(other.provenance.experts.count == 2)
            // The expert can be imported again, and the daemon is healthy once the quarantine is emptied.
            try await daemon.importExperts(Places.experts("wn-fish"))
            try FileManager.default.removeItem(atPath: "\(daemon.state)/private/damaged")
            #expect(try await Self.conditions(daemon) == [])
            #expect(try await daemon.control("cache", "verify").status == 0)
        }
    }

    @Test("a blob that disappears at run time costs its expert, not the library")
    func missingBlob() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Self.experts)
                try FileManager.default.removeItem(atPath: try Self.blob(of: "wn-fish", daemon))
                let adapter = try await Self.request("fish", daemon)
                #expect(adapter.provenance.experts.map(\.expert) == ["wn-birds"])
                #expect(try await Self.conditions(daemon).contains { $0.contains("wn-fish") })
                try FileManager.default.removeItem(atPath: try Self.blob(of: "wn-birds", daemon))
            }
            // The same at start-up.
            let end = try await TestDaemon.run(in: folder) { daemon in
                let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(list.experts.isEmpty)
                try await daemon.importExperts(Self.experts)
                _ = try await Self.request("fish", daemon)
            }
            #expect(end.log.contains("wn-birds"), "\(end.log)")
        }
    }

    @Test(
        "a damaged database is quarantined, and like a missing one rebuilt from the files beside it",
        arguments: ["damaged", "missing", "page"])
    func lostDatabase(_ how: String) async throws {
        try await withTemporaryFolder { folder in
            let made = Collector<Wire.Adapter>()
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Self.experts)
                _ = try await daemon.control("generator", "train", "--steps", "5")
                let adapter = try await Self.request("birds", daemon)
                _ = try await daemon.control("adapter", "pin", adapter.adapterId)
                await made.add(adapter)
            }
            let database = "\(folder)/state/private/cache.db"
            switch how {
            case "damaged": try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: database))
            case "page":
                var bytes = try Data(contentsOf: URL(filePath: database))
                for index in 4096..<bytes.count { bytes[index] = 0xA5 }
                try bytes.write(to: URL(filePath: database))
            default: try FileManager.default.removeItem(atPath: database)
            }
            try await TestDaemon.run(in: folder) { daemon in
                let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(list.experts.map(\.name) == ["wn-birds", "wn-fish"])
                let generators = try await daemon.reply(
                    Methods.ListGenerators.Reply.self, "generator", "list")
                #expect(generators.generators.map(\.state) == ["current"])
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                let before = await made.all
                #expect(adapters.adapters.map(\.digest) == before.map(\.digest))
                #expect(adapters.adapters.map(\.pinned) == [true])
                #expect(try await daemon.control("cache", "verify").status == 0)
                let conditions = try await Self.conditions(daemon)
                #expect(conditions.count == (how == "missing" ? 0 : 1), "\(conditions)")
                #expect(try await Self.request("birds", daemon).digest == before.first?.digest)
            }
        }
    }

    @Test("a damaged queue is quarantined; published adapters stay")
    func lostQueue() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Self.experts)
                _ = try await Self.request("birds", daemon)
            }
            try Data(repeating: 0x41, count: 8192).write(
                to: URL(filePath: "\(folder)/state/private/queue.db"))
            try await TestDaemon.run(in: folder) { daemon in
                let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                #expect(adapters.adapters.count == 1)
                let status = try await daemon.control("status")
                #expect(status.output.contains("degraded"))
                #expect((status.output + status.error).contains("queue.db"), "\(status.error)")
                _ = try await Self.request("fish", daemon)
            }
        }
    }
}
