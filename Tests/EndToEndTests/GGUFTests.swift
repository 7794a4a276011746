import AdapterFormats
import ErrorModel
import Files
import Foundation
import LinearAlgebra
import LowRank
import SgloradInterface
import SpoolForms
import StrictGGUF
import TestSupport
import Testing

/// Adapters as GGUF files, named by the base model's own, as an administrator and a user meet them.
@Suite("GGUF adapters", .timeLimit(.minutes(20)), .needsModel)
struct GGUFTests {
    private static let base = "sentence-transformers/all-MiniLM-L6-v2"
    private static let intent = "match definitions of birds to their names"

    @Test("an adapter in both formats has the same factors, and says how it was made")
    func bothFormats() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let model = "\(daemon.folder)/minilm.gguf"
            try MadeModel().write(to: model)
            let added = try await daemon.reply(
                Methods.AddBase.Reply.self, "base", "add", Self.base, "--gguf", model)
            guard let file = added.base.modelFile else {
                Issue.record("the base has no GGUF file")
                return
            }
            #expect(file.architecture == "bert" && file.layers == 6 && file.name == "All MiniLM L6 v2")
            #expect(try file.digest == FileDigest.sha256(file: model))
            #expect(try Data(contentsOf: URL(filePath: model)).count == file.bytes)
            #expect(added.replacedModelFile == nil && added.base.experts == 2)
            let list = try await daemon.control("base", "list")
            #expect(list.output.contains("bert \(file.digest.prefix(12))"), "\(list.output)")

            let out = "\(daemon.folder)/out"
            let reply = try await daemon.reply(
                Methods.Request.Reply.self, "request", Self.intent, "--seed", "7", "--format", "peft,gguf",
                "-o", out)
            let adapter = try #require(reply.adapter)
            #expect(
                Set(adapter.files.map(\.name)) == [
                    "adapter_config.json", "adapter_model.safetensors", "adapter_model.gguf",
                ])
            let factors = try #require(PEFTFolder.read(directory: out).checkpoints.first?.factors)
            let gguf = try GGUFFile(path: out + "/adapter_model.gguf")
            #expect(gguf.header.tensors.count == 2 * factors.count && factors.count == 12)
            for factor in factors {
                let parts = factor.site.path.split(separator: ".")
                let name = "blk.\(parts[2]).\(parts.last == "query" ? "attn_q" : "attn_v").weight"
                #expect(try gguf.floats(name + ".lora_a").array == factor.a)
                #expect(try gguf.floats(name + ".lora_b").array == factor.b)
                #expect(
                    gguf.header.field("adapter.lora.alpha")?.value
                        == .floating(Double(factor.scale * Float(factor.rank))))
            }
            #expect(gguf.header.field("sglorad.base.sha256")?.value == .string(file.digest))
            guard case .string(let made) = gguf.header.field("sglorad.provenance")?.value else {
                Issue.record("there is no provenance")
                return
            }
            #expect(made.contains(#""seed":7"#) && !made.contains("birds to their"))

            // The same seed gives the same bytes, whatever else is written; half precision is another file.
            let only = try await daemon.reply(
                Methods.Request.Reply.self, "request", Self.intent, "--seed", "7", "--format", "gguf")
            let same = adapter.files.first { $0.name.hasSuffix(".gguf") }?.digest
            #expect(only.adapter?.files.map(\.digest) == [same].compactMap { $0 })
            #expect(only.adapter?.digest == same)
            let half = try await daemon.reply(
                Methods.Request.Reply.self, "request", Self.intent, "--seed", "7", "--format", "gguf-f16")
            #expect((half.adapter?.bytes ?? 0) < (only.adapter?.bytes ?? 0) * 6 / 10)

            // One format of an adapter that has both, and one that an adapter does not have.
            let exported = try await daemon.control(
                "adapter", "export", adapter.adapterId, "-o", "\(daemon.folder)/one", "--format", "gguf")
            #expect(exported.status == 0, "\(exported.error)")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(daemon.folder)/one") == [
                    "adapter_model.gguf"
                ])
            let id = try #require(only.adapter?.adapterId)
            let missing = try await daemon.control(
                "adapter", "export", id, "-o", "\(daemon.folder)/none", "--format", "peft")
            #expect(missing.status != 0 && missing.error.contains("--format peft"), "\(missing.error)")
            let encoded = try await daemon.control("encode", "owl", "--adapter", id)
            #expect(encoded.status != 0 && encoded.error.contains("--format peft,gguf"), "\(encoded.error)")
        }
    }

    @Test("an adapter says how its library was asked: in the reply, in its files and on the screen")
    func promptForm() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let model = "\(daemon.folder)/minilm.gguf"
            try MadeModel().write(to: model)
            let added = try await daemon.control("base", "add", Self.base, "--gguf", model)
            #expect(added.status == 0, "\(added.error)")
            func request(_ out: String) async throws -> Wire.Adapter {
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", Self.intent, "--seed", "7", "--format",
                    "peft,gguf",
                    "-o", "\(daemon.folder)/\(out)")
                return try #require(reply.adapter)
            }
            let bare = try await request("bare")
            #expect(bare.provenance.prompt == nil)
            let header = try GGUFFile(path: "\(daemon.folder)/bare/adapter_model.gguf").header
            #expect(!header.fields.contains { $0.key.hasPrefix("sglorad.prompt") })

            let form = Wire.PromptForm(
                prompt: "Intents: {labels}.\nUtterance: {text}\nIntent:", answer: " {answer}\n")
            let file = "\(daemon.folder)/prompt.json"
            try JSONEncoder().encode(form).write(to: URL(filePath: file))
            let named = try await daemon.control("base", "add", Self.base, "--prompt", file)
            #expect(named.status == 0, "\(named.error)")
            let adapter = try await request("asked")
            #expect(adapter.provenance.prompt == form)
            let asked = try GGUFFile(path: "\(daemon.folder)/asked/adapter_model.gguf").header
            #expect(asked.field("sglorad.prompt.form")?.value == .string(form.prompt))
            #expect(asked.field("sglorad.prompt.answer")?.value == .string(form.answer))
            // PEFT files have it in the provenance.
            let weights = try Data(
                contentsOf: URL(filePath: "\(daemon.folder)/asked/adapter_model.safetensors"))
            #expect(weights.range(of: Data("Utterance: {text}".utf8)) != nil)
            let shown = try await daemon.control("adapter", "show", adapter.adapterId)
            #expect(
                shown.output.contains(#"Intents: {labels}.\nUtterance: {text}\nIntent:"#), "\(shown.output)")
        }
    }

    @Test("without the base's GGUF file the format is refused, with what to do")
    func unknownFile() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let refused = try await daemon.control("request", Self.intent, "--format", "gguf")
            #expect(refused.status != 0)
            #expect(refused.error.contains("base add \(Self.base) --gguf MODEL.gguf"), "\(refused.error)")
            let both = try await daemon.control("request", Self.intent, "--format", "gguf,gguf-f16")
            #expect(both.status != 0 && both.error.contains("the same file"), "\(both.error)")
        }
    }

    /// Expects `base add --gguf` to refuse a file, with a part of the message.
    private static func expectRefusal(of path: String, by daemon: TestDaemon, _ part: String) async throws {
        let refused = try await daemon.control("base", "add", base, "--gguf", path)
        #expect(refused.status == 65 && refused.error.contains(part), "\(refused.status): \(refused.error)")
    }

    @Test("a file that does not fit is refused by name, and one that has changed is said so")
    func wrongAndChangedFiles() async throws {
        try await TestDaemon.run(experts: Places.twoExperts) { daemon in
            let path = "\(daemon.folder)/model.gguf"
            try Data("GGUF".utf8).write(to: URL(filePath: path))
            try await Self.expectRefusal(of: path, by: daemon, "cut short")
            try Data(repeating: 0x20, count: 100).write(to: URL(filePath: path))
            try await Self.expectRefusal(of: path, by: daemon, "does not begin with GGUF")
            try MadeModel(architecture: "mamba").write(to: path)
            try await Self.expectRefusal(of: path, by: daemon, "the architecture 'mamba'")
            try MadeModel(architecture: "llama").write(to: path)
            try await Self.expectRefusal(of: path, by: daemon, "llama.attention.head_count")
            try MadeModel(layers: 5).write(to: path)
            try await Self.expectRefusal(of: path, by: daemon, "blk.5.attn_q.weight")
            try MadeModel(width: 256).write(to: path)
            try await Self.expectRefusal(of: path, by: daemon, "in the GGUF file is 256 → 256")
            let bases = try await daemon.reply(Methods.ListBases.Reply.self, "base", "list").bases
            #expect(bases.count == 1 && bases.allSatisfy { $0.modelFile == nil })

            try MadeModel().write(to: path)
            let first = try await daemon.reply(
                Methods.AddBase.Reply.self, "base", "add", Self.base, "--gguf", path)
            let again = try await daemon.reply(
                Methods.AddBase.Reply.self, "base", "add", Self.base, "--gguf", path)
            #expect(again.replacedModelFile == nil)
            try MadeModel(filled: 1).write(to: path)
            let changed = try await daemon.control("base", "add", Self.base, "--gguf", path)
            let digest = try #require(first.base.modelFile?.digest)
            #expect(changed.output.contains("has changed") && changed.output.contains(digest.prefix(12)))
        }
    }

    @Test("a new base is added with its adapter and its GGUF file at once")
    func newBase() async throws {
        try await TestDaemon.run { daemon in
            let path = "\(daemon.folder)/model.gguf"
            try MadeModel().write(to: path)
            let unknown = try await daemon.control("base", "add", "minilm", "--gguf", path)
            #expect(unknown.status != 0 && unknown.error.contains("base add NAME DIR"), "\(unknown.error)")
            let neither = try await daemon.control("base", "add", "minilm")
            #expect(neither.status == 64)
            let added = try await daemon.reply(
                Methods.AddBase.Reply.self, "base", "add", Self.base, Places.experts("wn-birds")[0], "--gguf",
                path)
            #expect(added.base.modelFile?.architecture == "bert")
            // The file stays known when experts come, and when the base is renamed.
            try await daemon.importExperts(Places.twoExperts)
            _ = try await daemon.control("base", "rename", Self.base, "minilm")
            let bases = try await daemon.reply(Methods.ListBases.Reply.self, "base", "list").bases
            #expect(bases.count == 1 && bases.first?.modelFile?.digest == added.base.modelFile?.digest)
            #expect(bases.first?.experts == 2)
            #expect(bases.first?.name == "minilm")
        }
    }
}
