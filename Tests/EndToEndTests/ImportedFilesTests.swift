import Foundation
import SgloradInterface
import TestSupport
import Testing

/// Folders that are incomplete, oddly named or not what their names say.
@Suite("Imported files", .timeLimit(.minutes(20)), .needsModel)
struct ImportedFilesTests {
    @Test("a good adapter is imported, and the checkpoints that are left out are named")
    func checkpoints() async throws {
        try await TestDaemon.run { daemon in
            let folder = try MadeAdapter().write(to: "\(daemon.folder)/adapter")
            for number in [1, 2, 3] {
                try MadeAdapter(seed: UInt64(number)).writeFiles(to: "\(folder)/checkpoint-\(number)")
            }
            try MadeAdapter(seed: 4).writeFiles(to: "\(folder)/checkpoint-4", configured: false)
            try MadeAdapter(rank: 2, seed: 5).writeFiles(to: "\(folder)/checkpoint-5")
            for name in [
                "checkpoint-0100", "checkpoint-last", "checkpoint-99999999999999999999", "tmp-checkpoint-7",
            ] {
                try MadeAdapter(seed: 6).writeFiles(to: "\(folder)/\(name)")
            }
            try FileManager.default.createDirectory(
                atPath: "\(folder)/checkpoint-500", withIntermediateDirectories: true)
            let weights = URL(filePath: "\(folder)/checkpoint-2/adapter_model.safetensors")
            try Data(contentsOf: weights).prefix(70_000).write(to: weights)
            try Data("version https://git-lfs.github.com/spec/v1\n".utf8).write(
                to: URL(filePath: "\(folder)/checkpoint-3/adapter_model.safetensors"))
            let reply = try await daemon.reply(Methods.ImportExpert.Reply.self, "expert", "import", folder)
            #expect(reply.expert.checkpoints == 3)
            let shown = try await daemon.reply(Methods.GetExpert.Reply.self, "expert", "show", "adapter")
            #expect(shown.checkpointNames == ["", "checkpoint-1", "checkpoint-4"])
            let leftOut = Dictionary(uniqueKeysWithValues: (reply.leftOut ?? []).map { ($0.name, $0.reason) })
            let expected = [
                "checkpoint-0100": "leading zeros", "checkpoint-last": "checkpoint-<number>",
                "checkpoint-99999999999999999999": "checkpoint-<number>",
                "tmp-checkpoint-7": "checkpoint-<number>",
                "checkpoint-500": "holds no adapter_model.safetensors", "checkpoint-2": "cut short",
                "checkpoint-3": "git lfs pull", "checkpoint-5": "rank",
            ]
            #expect(Set(leftOut.keys) == Set(expected.keys))
            for (name, part) in expected { #expect(leftOut[name]?.contains(part) == true, "\(leftOut)") }
            _ = try await daemon.control("expert", "remove", "adapter")
            let text = try await daemon.control("expert", "import", folder)
            #expect(text.status == 0, "\(text.error)")
            for name in expected.keys {
                #expect((text.output + text.error).contains("\(name) was left out"), "\(text)")
            }
        }
    }

    @Test("a folder of checkpoints alone is imported, the last as the adapter")
    func onlyCheckpoints() async throws {
        try await TestDaemon.run { daemon in
            let folder = "\(daemon.folder)/only"
            for number in [100, 200] {
                try MadeAdapter(seed: UInt64(number)).writeFiles(to: "\(folder)/checkpoint-\(number)")
            }
            try Data(#"{"name":"only","description":"answer questions about plants"}"#.utf8).write(
                to: URL(filePath: "\(folder)/expert.json"))
            let reply = try await daemon.reply(Methods.ImportExpert.Reply.self, "expert", "import", folder)
            #expect(reply.expert.checkpoints == 2)
            #expect(reply.notes?.first?.contains("checkpoint-200, was taken as the adapter") == true)
        }
    }

    @Test(
        "what stands in the place of a file is called what it is",
        arguments: [
            (
                "adapter_model.safetensors",
                "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 5\n", "git lfs pull"
            ),
            (
                "adapter_config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 5\n",
                "git lfs pull"
            ),
            ("adapter_model.safetensors", "<!doctype html><html><title>Sign in</title></html>", "web page"),
            ("adapter_config.json", "<!doctype html><html><title>Sign in</title></html>", "web page"),
            ("adapter_model.safetensors", #"{"error":"Repository not found"}"#, "JSON text"),
            ("adapter_model.safetensors", "Entry not found", "plain text"),
            ("adapter_model.safetensors", "PK\u{3}\u{4}\u{14}\u{0}\u{0}\u{0}", "zip archive"),
            ("adapter_model.safetensors", "", "is empty"), ("adapter_config.json", "", "is empty"),
            ("adapter_config.json", "\u{FEFF}{\"peft_type\":\"LORA\"}", "byte order mark"),
            ("adapter_config.json", #"{"peft_type":"LORA","arrow_config":{"top_k":3}}"#, "arrow_config"),
            ("expert.json", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ])
    func mistaken(file: String, content: String, part: String) async throws {
        try await TestDaemon.run { daemon in
            let folder = try MadeAdapter().write(to: "\(daemon.folder)/adapter")
            try Data(content.utf8).write(to: URL(filePath: "\(folder)/\(file)"))
            let outcome = try await daemon.control("expert", "import", folder)
            #expect(outcome.status == 65 && outcome.error.contains(part), "\(outcome.error)")
            #expect(try await daemon.reply(Methods.ListBases.Reply.self, "base", "list").bases.isEmpty)
        }
    }

    @Test(
        "the collected cases are treated rightly",
        .enabled(if: Places.hasShared("cases"), "needs ../shared/cases"))
    func cases() async throws {
        let cases = "\(Places.shared)/cases"
        try await TestDaemon.run { daemon in
            for name in [
                "empty-checkpoint", "cut-checkpoint", "only-checkpoints", "weights-only-checkpoint",
                "odd-names",
            ] {
                let outcome = try await daemon.control(
                    "expert", "import", "\(cases)/checkpoints/\(name)", "--name", name, "--description", name)
                #expect(outcome.status == 0, "\(name): \(outcome.error)")
            }
            for (name, part) in [
                ("arrow-config", "arrow_config"), ("bom-config", "byte order mark"),
                ("not-the-file/config-lfs", "Git LFS pointer"), ("not-the-file/html-page", "web page"),
                ("not-the-file/lfs-pointer", "Git LFS pointer"),
            ] {
                let outcome = try await daemon.control("expert", "import", "\(cases)/\(name)")
                #expect(outcome.status == 65 && outcome.error.contains(part), "\(name): \(outcome.error)")
            }
        }
    }
}
