import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Single changed bytes in a real `cache.db`, and blobs that change under the running daemon.
@Suite("Damage", .timeLimit(.minutes(20)), .needsModel)
struct DamageTests {
    private static let intent = "definitions of birds"

    /// The label of every request: a word that is nowhere else.
    private static let label = "ptarmigan"

    /// Without the verification of its own that the daemon makes some minutes after the start, and that repairs.
    private static let unattended = "cache:\n  verifyEvery: 0s\n"

    private static func request(_ daemon: TestDaemon, seed: Int = 1) async throws -> Wire.Adapter {
        let reply = try await daemon.reply(
            Methods.Request.Reply.self, "request", intent, "--strategy", "weighted", "--force", "--seed",
            "\(seed)",
            "--label", label)
        return try #require(reply.adapter)
    }

    private static func conditions(_ daemon: TestDaemon) async throws -> [Wire.Condition] {
        try await daemon.reply(Methods.Status.Reply.self, "status").conditions
    }

    /// A place in the database, and what is there.
    private struct Spot {
        var name: String
        var offset: Int
    }

    /// Where texts, pages and fields of the header lie in the database.
    private static func spots(in database: Data, adapter: Wire.Adapter, expert: String) throws -> [Spot] {
        var spots: [Spot] = []
        let texts: [(name: String, text: String, offset: Int)] = [
            ("provenance", #""strategy":"weighted""#, 4), ("value in the provenance", #""seed":1"#, 7),
            ("digest of a file", try #require(adapter.files.first).digest, 5),
            ("digest of an expert", expert, 5),
            ("adapter", adapter.adapterId, 6), ("label", label, 3),
        ]
        for (name, text, offset) in texts {
            let found = try #require(database.range(of: Data(text.utf8), options: .backwards), "\(name)")
            spots.append(Spot(name: name, offset: found.lowerBound + offset))
        }
        // Some places; `SGLORAD_DAMAGE=1` tries all of them, which takes minutes.
        let isWhole = ProcessInfo.processInfo.environment["SGLORAD_DAMAGE"] != nil
        let header: [(String, Int)] = [
            ("magic", 3), ("page size", 16), ("read version", 19), ("reserved", 20), ("pages", 31),
            ("schema format", 47), ("encoding", 59), ("owner", 70), ("schema", 2000),
        ]
        for (name, offset) in isWhole ? header : [header[1], header[8]] {
            spots.append(Spot(name: name, offset: offset))
        }
        for page in stride(from: 1, to: database.count / 4096, by: isWhole ? 1 : 9) {
            spots.append(Spot(name: "header of page \(page)", offset: page * 4096 + 3))
            spots.append(Spot(name: "end of page \(page)", offset: page * 4096 + 3900))
        }
        return spots
    }

    @Test(
        "whichever byte of cache.db has changed, the daemon starts, answers as before, and is sound after the remedy"
    )
    func everyPlace() async throws {
        try await withTemporaryFolder { folder in
            let made = Collector<Wire.Adapter>()
            let names = Collector<String>()
            try await TestDaemon.run(in: folder) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                await made.add(try await Self.request(daemon))
                let experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list").experts
                for expert in experts { await names.add(expert.digest) }
            }
            let adapter = try #require(await made.all.first)
            let digest = try #require(await names.all.first)
            let path = "\(folder)/state/private/cache.db"
            let sound = try Data(contentsOf: URL(filePath: path))
            for spot in try Self.spots(in: sound, adapter: adapter, expert: digest) {
                let (name, offset) = (spot.name, spot.offset)
                var changed = sound
                changed[offset] ^= 0x01
                let bytes = changed
                for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
                try bytes.write(to: URL(filePath: path))
                try await TestDaemon.run(in: folder) { daemon in
                    let adapters = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list")
                        .adapters
                    #expect(adapters.map(\.adapterId) == [adapter.adapterId], "\(name) at \(offset)")
                    #expect(adapters.first?.digest == adapter.digest, "\(name) at \(offset)")
                    #expect(adapters.first?.label == adapter.label, "\(name) at \(offset)")
                    #expect(adapters.first?.provenance == adapter.provenance, "\(name) at \(offset)")
                    let experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                        .experts
                    #expect(experts.map(\.name) == ["wn-birds", "wn-fish"], "\(name) at \(offset)")
                    let again = try await Self.request(daemon)
                    #expect(again.digest == adapter.digest, "\(name) at \(offset)")
                    _ = try await daemon.control("adapter", "remove", again.adapterId)
                    let verified = try await daemon.control("cache", "verify")
                    #expect(verified.status == 0, "\(name) at \(offset): \(verified.output)")
                    let conditions = try await Self.conditions(daemon)
                    #expect(conditions.allSatisfy { $0.name.hasPrefix("damaged/") }, "\(name): \(conditions)")
                }
                try? FileManager.default.removeItem(atPath: "\(folder)/state/private/damaged")
            }
        }
    }

    @Test("a changed row under the running daemon is found, named with its remedy, and the remedy works")
    func changedRow() async throws {
        try await TestDaemon.run(configuration: Self.unattended, experts: Places.twoExperts) { daemon in
            let adapter = try await Self.request(daemon)
            let python = """
                import sqlite3, sys
                db = sqlite3.connect(sys.argv[1], timeout=30)
                db.execute("UPDATE adapter SET provenance = replace(provenance, 'strategy', 'strategx')")
                db.execute("UPDATE expert SET embedding = zeroblob(1536) WHERE name = 'wn-fish'")
                db.commit()
                """
            let done = try await Program.run(
                "/usr/bin/python3", ["-c", python, "\(daemon.state)/private/cache.db"])
            #expect(done.status == 0, "\(done.error)")
            let list = try await daemon.control("adapter", "list")
            #expect(list.status == 0, "\(list.error)")
            let found = try await daemon.control("cache", "verify")
            #expect(found.status == 1, "\(found.output)")
            #expect(found.output.contains("adapter \(adapter.adapterId)"), "\(found.output)")
            #expect(found.output.contains("expert 'wn-fish'"), "\(found.output)")
            let conditions = try await Self.conditions(daemon)
            #expect(conditions.count == 2 && conditions.allSatisfy { $0.remedy.contains("verify --repair") })
            let repaired = try await daemon.control("cache", "verify", "--repair")
            #expect(repaired.status == 0, "\(repaired.output) \(repaired.error)")
            #expect(try await Self.conditions(daemon).isEmpty)
            #expect(try await daemon.control("cache", "verify").status == 0)
            let again = try await daemon.reply(Methods.ListAdapters.Reply.self, "adapter", "list").adapters
            #expect(again.map(\.provenance) == [adapter.provenance])
            #expect(try await Self.request(daemon).digest == adapter.digest)
        }
    }

    @Test(
        "a blob that is truncated or changed under the running daemon costs its expert or generator, not the daemon",
        arguments: ["expert truncated", "expert emptied", "expert changed", "generator truncated"])
    func changedBlob(_ how: String) async throws {
        try await TestDaemon.run(
            configuration: Self.unattended, experts: Places.twoExperts + Places.experts("wn-insects")
        ) { daemon in
            if how.hasPrefix("generator") {
                let trained = try await daemon.control("generator", "train", "--steps", "5")
                try #require(trained.status == 0, "\(trained.error)")
            }
            // Mapped by this request.
            _ = try await daemon.control("request", Self.intent, "--force")
            let kind = how.hasPrefix("generator") ? "\"kind\" : \"generator\"" : "\"name\" : \"wn-fish\""
            let manifest = try #require(
                daemon.files("private/blobs").filter { $0.hasSuffix(".json") }.first { name in
                    let text = try? String(
                        contentsOfFile: "\(daemon.state)/private/blobs/\(name)", encoding: .utf8)
                    return text?.contains(kind) == true
                })
            let blob = "\(daemon.state)/private/blobs/\(manifest.dropLast(5))"
            switch how {
            case "expert changed":
                let descriptor = open(blob, O_RDWR)
                #expect(pwrite(descriptor, [1, 2, 3, 4], 4, 300_000) == 4)
                close(descriptor)
            case "expert emptied": #expect(truncate(blob, 0) == 0)
            default: #expect(truncate(blob, 8192) == 0)
            }
            for seed in 0..<4 {
                let answered = try await daemon.control(
                    "request", Self.intent, "--force", "--seed", "\(seed)", "--strategy", "weighted")
                #expect(answered.status == 0, "\(answered.error)")
                let any = try await daemon.control("request", Self.intent, "--force", "--seed", "\(seed)")
                #expect(any.status == 0, "\(any.error)")
            }
            let conditions = try await Self.conditions(daemon)
            let name = how.hasPrefix("generator") ? "generator" : "wn-fish"
            #expect(
                conditions.contains { $0.name.hasPrefix("damaged/") && $0.message.contains(name) },
                "\(conditions)")
            let experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list").experts
            #expect(experts.count == (how.hasPrefix("generator") ? 3 : 2))
        }
    }

    @Test(
        "a text encoder that is truncated under the running daemon is an error, and works again once it is restored"
    )
    func truncatedEncoder() async throws {
        try await withTemporaryFolder { folder in
            let model = "\(folder)/model"
            try FileManager.default.copyItem(atPath: Places.model, toPath: model)
            let weights = "\(model)/model.safetensors"
            let sound = try Data(contentsOf: URL(filePath: "\(Places.model)/model.safetensors"))
            try await TestDaemon.run(in: folder, model: model) { daemon in
                try await daemon.importExperts(Places.twoExperts)
                let adapter = try await Self.request(daemon)
                #expect(truncate(weights, 100_000) == 0)
                for _ in 0..<2 {
                    let failed = try await daemon.control("encode", "a bird", "--json")
                    #expect(failed.status != 0, "\(failed.output)")
                }
                #expect(try await Self.conditions(daemon).contains { $0.name == "text-encoder" })
                try sound.write(to: URL(filePath: weights))
                #expect(try await Self.request(daemon, seed: 1).digest == adapter.digest)
                #expect(try await Self.conditions(daemon).isEmpty)
            }
        }
    }

    @Test("a database of a newer version is refused by name, and left for that version")
    func newerSchema() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run(in: folder) { try await $0.importExperts(Places.twoExperts) }
            for name in ["cache.db", "queue.db"] {
                let change = "INSERT INTO grdb_migrations VALUES ('99: from the future')"
                let python =
                    "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(sys.argv[2]); db.commit()"
                let path = "\(folder)/state/private/\(name)"
                let done = try await Program.run("/usr/bin/python3", ["-c", python, path, change])
                #expect(done.status == 0, "\(done.error)")
                let log = try await startFailure(in: folder)
                #expect(log.contains("99: from the future") && log.contains("newer version"), "\(log)")
                #expect(FileManager.default.fileExists(atPath: path))
                let undo = "DELETE FROM grdb_migrations WHERE identifier LIKE '99%'"
                _ = try await Program.run("/usr/bin/python3", ["-c", python, path, undo])
            }
            try await TestDaemon.run(in: folder) { daemon in
                let experts = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list").experts
                #expect(experts.count == 2)
            }
        }
    }

    /// What a daemon that cannot start writes to standard error.
    private func startFailure(in folder: String) async throws -> String {
        let outcome = try await Program.run(
            "\(Places.products)/sglorad",
            ["--state-dir", "\(folder)/state", "--socket", "\(folder)/s", "--model", Places.model])
        #expect(outcome.status != 0)
        return outcome.error + outcome.output
    }
}
