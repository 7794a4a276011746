import Foundation
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// User errors and hostile files: each gives a clear error, the right exit status, and no partial result.
@Suite("Bad input", .timeLimit(.minutes(20)), .needsModel)
struct BadInputTests {
    @Test("without a daemon the error says how to start one")
    func noDaemon() async throws {
        let outcome = try await Program.run(
            "\(Places.products)/sglorad-ctl", ["status", "--socket", "/tmp/sgl-no-such-socket"])
        #expect(outcome.status == 69)
        #expect(outcome.error.contains("/tmp/sgl-no-such-socket"))
        #expect(outcome.error.contains("systemctl start"), "\(outcome.error)")
    }

    @Test("invalid intents, unknown names and out-of-range options are reported")
    func intents() async throws {
        try await TestDaemon.run { daemon in
            let early = try await daemon.control("request", "match birds")
            #expect(early.status == 65 && early.error.contains("expert import"), "\(early.error)")
            try await daemon.importExperts(Places.twoExperts)
            let cases: [([String], String, Int32, String)] = [
                (["request", ""], "", 65, "empty"),
                (["request", "-"], "\n", 65, "empty"),
                (["request", "-"], String(repeating: "a", count: 1 << 20), 65, "32768"),
                (["request", "birds", "--base", "nothing"], "", 65, "all-MiniLM-L6-v2"),
                (["request", "birds", "--strategy", "magic"], "", 64, "weighted"),
                (["request", "birds", "--top-k", "0"], "", 65, "1024"),
                (["request", "birds", "--temperature", "0"], "", 65, "temperature"),
                (["adapter", "show", "a-none"], "", 65, "adapter list"),
                (["expert", "show", "none"], "", 65, "expert list"),
                (["generator", "show", "g-none"], "", 65, "generator list"),
                (["generator", "train", "--steps", "0"], "", 65, "steps"),
            ]
            for (arguments, input, status, word) in cases {
                let outcome = try await daemon.control(arguments, input: input)
                #expect(outcome.status == status, "\(arguments): \(outcome.error)")
                #expect(outcome.error.contains(word), "\(arguments): \(outcome.error)")
            }
            #expect(daemon.files("adapters").isEmpty)
        }
    }

    @Test("an existing output folder is left alone")
    func outputExists() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let out = "\(daemon.folder)/out"
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
            try Data("mine".utf8).write(to: URL(filePath: "\(out)/file"))
            let outcome = try await daemon.control("request", "definitions of birds", "-o", out)
            #expect(outcome.status != 0)
            #expect(outcome.error.contains(out), "\(outcome.error)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: out) == ["file"])
        }
    }

    @Test("damaged and hostile expert folders are rejected and leave nothing behind")
    func hostileExperts() async throws {
        try await TestDaemon.run { daemon in
            let source = "\(Places.zoo)/experts/wn-birds"
            func folder(_ name: String, _ change: (String) throws -> Void) throws -> String {
                let path = "\(daemon.folder)/\(name)"
                try FileManager.default.copyItem(atPath: source, toPath: path)
                try change(path)
                return path
            }
            func edit(_ path: String, _ change: (inout Data) -> Void) throws {
                var data = try Data(contentsOf: URL(filePath: path))
                change(&data)
                try data.write(to: URL(filePath: path))
            }
            let folders = [
                try folder("truncated") {
                    try edit("\($0)/adapter_model.safetensors") { $0.removeLast(10) }
                },
                try folder("huge-header") {
                    try edit("\($0)/adapter_model.safetensors") {
                        $0.replaceSubrange(0..<8, with: [255, 255, 255, 255, 0, 0, 0, 0])
                    }
                },
                try folder("not-a-number") {
                    try edit("\($0)/adapter_model.safetensors") {
                        $0.replaceSubrange($0.count - 2..<$0.count, with: [0x00, 0x7E])
                    }
                },
                try folder("dora") {
                    try edit("\($0)/adapter_config.json") {
                        $0 = Data(
                            String(decoding: $0, as: UTF8.self).replacingOccurrences(
                                of: "\"use_dora\": false", with: "\"use_dora\": true"
                            ).utf8)
                    }
                },
                try folder("no-weights") {
                    for name in try FileManager.default.contentsOfDirectory(atPath: $0)
                    where name == "adapter_model.safetensors" || name.hasPrefix("checkpoint-") {
                        try FileManager.default.removeItem(atPath: "\($0)/\(name)")
                    }
                },
            ]
            let words = ["cut short", "header", "NaN", "DoRA", "adapter_model.safetensors"]
            for (path, word) in zip(folders, words) {
                let outcome = try await daemon.control("expert", "import", path)
                #expect(outcome.status == 65, "\(path): \(outcome.error)")
                #expect(outcome.error.contains(word), "\(path): \(outcome.error)")
            }
            #expect(try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list").experts.isEmpty)
            #expect(try await daemon.reply(Methods.ListBases.Reply.self, "base", "list").bases.isEmpty)
            #expect(daemon.files("private/blobs").allSatisfy { !$0.contains(".json") && $0.count <= 2 })
            #expect(daemon.files("private/temporary").isEmpty)
        }
    }

    @Test("with an incomplete model folder the daemon is degraded, and recovers without a restart")
    func modelLacksFile() async throws {
        try await withTemporaryFolder { outer in
            let model = "\(outer)/model"
            try FileManager.default.copyItem(atPath: Places.model, toPath: model)
            // Either file holds the vocabulary.
            try FileManager.default.removeItem(atPath: "\(model)/tokenizer.json")
            try FileManager.default.moveItem(atPath: "\(model)/vocab.txt", toPath: "\(outer)/vocab.txt")
            try await TestDaemon.run(model: model) { daemon in
                let status = try await daemon.reply(Methods.Status.Reply.self, "status")
                #expect(status.state == "degraded")
                #expect(status.conditions.first?.message.contains("vocab.txt") == true)
                let outcome = try await daemon.control("expert", "import", "\(Places.zoo)/experts/wn-birds")
                #expect(outcome.status != 0 && outcome.error.contains("vocab.txt"), "\(outcome.error)")
                try FileManager.default.moveItem(atPath: "\(outer)/vocab.txt", toPath: "\(model)/vocab.txt")
                try await daemon.importExperts(Places.experts("wn-birds"))
                #expect(try await daemon.reply(Methods.Status.Reply.self, "status").state == "ok")
            }
        }
    }
}
