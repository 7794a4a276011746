import AdapterFormats
import Foundation
import LowRank
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// From an intent to an adapter, with the real daemon, model and experts.
@Suite("First light", .timeLimit(.minutes(20)), .needsModel)
struct FirstLightTests {
    private static let intent = "match definitions of lizards and snakes to their names"

    @Test("an intent becomes a PEFT folder that is merged from the nearest experts")
    func intentBecomesAdapter() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let reply = try await daemon.reply(
                Methods.Request.Reply.self, "request", Self.intent, "--seed", "7", "-o",
                "\(daemon.folder)/out")
            let adapter = try #require(reply.adapter)
            #expect(reply.request.state == "done")
            #expect(adapter.provenance.strategy == "weighted", "without a generator")
            #expect(adapter.provenance.seed == 7)
            // The nearest experts are about animals, not banking.
            let guides = adapter.provenance.experts.map(\.expert)
            #expect(guides.prefix(3).allSatisfy { $0.hasPrefix("wn-") }, "\(guides)")
            #expect(abs(adapter.provenance.experts.reduce(0) { $0 + $1.weight } - 1) < 1e-5)

            let written = try PEFTFolder.read(directory: "\(daemon.folder)/out")
            #expect(written.checkpoints.count == 1)
            #expect(written.checkpoints[0].factors.count == 12)
            #expect(written.checkpoints[0].factors.allSatisfy { $0.rank == 4 && $0.scale == 2 })
            for file in adapter.files {
                let published = try Data(contentsOf: URL(filePath: "\(adapter.path)/\(file.name)"))
                #expect(
                    published == (try Data(contentsOf: URL(filePath: "\(daemon.folder)/out/\(file.name)"))))
                #expect(published.count == file.bytes)
            }
            let content = daemon.files("adapters").joined(separator: " ") + "\(adapter)"
            #expect(!content.contains("lizards"))
        }
    }

    @Test("the same library, intent, options and seed give the same bytes from two daemons")
    func sameBytes() async throws {
        func bytes(_ options: String...) async throws -> [String: Data] {
            var result: [String: Data] = [:]
            try await withTemporaryFolder { folder in
                try await TestDaemon.run(in: folder) { daemon in
                    try await daemon.importExperts()
                    let trained = try await daemon.control("generator", "train", "--steps", "60")
                    try #require(trained.status == 0, "\(trained.error)")
                    let arguments = ["request", Self.intent, "-o", "\(folder)/out"] + options
                    let outcome = try await daemon.control(arguments)
                    try #require(outcome.status == 0, "\(outcome.error)")
                }
                for name in ["adapter_config.json", "adapter_model.safetensors"] {
                    result[name] = try Data(contentsOf: URL(filePath: "\(folder)/out/\(name)"))
                }
            }
            return result
        }
        let first = try await bytes("--seed", "7", "--strategy", "sg-lora")
        #expect(first == (try await bytes("--seed", "7", "--strategy", "sg-lora")))
        #expect(first != (try await bytes("--seed", "8", "--strategy", "sg-lora")))
    }

    @Test("every strategy gives an adapter of its own")
    func everyStrategy() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let early = try await daemon.control("request", Self.intent, "--strategy", "sg-lora")
            #expect(early.status == 1)
            #expect(early.error.contains("generator train"), "\(early.error)")
            let generator = try await daemon.reply(
                Methods.TrainGenerator.Reply.self, "generator", "train", "--steps", "60"
            ).generator
            #expect(generator?.state == "current")
            var digests: Set<String> = []
            for strategy in ["sg-lora", "weighted", "nearest", "mean"] {
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", Self.intent, "--strategy", strategy, "--seed", "1")
                #expect(reply.adapter?.provenance.strategy == strategy)
                digests.insert(reply.adapter?.digest ?? "")
            }
            #expect(digests.count == 4)
        }
    }

    @Test("encoding with an adapter changes the embeddings, which stay normalised")
    func encodingWithAdapter() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let id = try #require(
                try await daemon.reply(Methods.Request.Reply.self, "request", Self.intent).adapter?.adapterId)
            let texts = "a limbless scaly reptile\nsnake\n"
            let plain = try await daemon.reply(Methods.Encode.Reply.self, "encode", input: texts)
            let adapted = try await daemon.reply(
                Methods.Encode.Reply.self, "encode", "--adapter", id, input: texts)
            #expect(plain.embeddings.count == 2)
            #expect(plain.embeddings.map(\.values) != adapted.embeddings.map(\.values))
            for embedding in plain.embeddings + adapted.embeddings {
                #expect(abs(embedding.values.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
            }
        }
    }

    @Test("a text from standard input that exceeds the encoder's length is truncated")
    func longTextFromStandardInput() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let long = String(repeating: "match definitions of birds to their names ", count: 60)
            let reply = try await daemon.reply(Methods.Request.Reply.self, "request", "-", input: long)
            #expect(reply.adapter?.truncated == true)
        }
    }

    @Test("a generator is exported, imported into another daemon, and used there")
    func generatorTravels() async throws {
        try await withTemporaryFolder { outer in
            try await TestDaemon.run(experts: Places.fewExperts) { daemon in
                _ = try await daemon.control("generator", "train", "--steps", "30")
                let list = try await daemon.reply(Methods.ListGenerators.Reply.self, "generator", "list")
                let id = try #require(list.generators.first?.generatorId)
                let outcome = try await daemon.control(
                    "generator", "export", id, "-o", "\(outer)/g.safetensors")
                #expect(outcome.status == 0, "\(outcome.error)")
            }
            try await TestDaemon.run { daemon in
                let early = try await daemon.control("generator", "import", "\(outer)/g.safetensors")
                #expect(early.status == 65, "no such base yet: \(early.error)")
                try await daemon.importExperts()
                let reply = try await daemon.reply(
                    Methods.ImportGenerator.Reply.self, "generator", "import", "\(outer)/g.safetensors")
                #expect(reply.generator.state == "current")
                let made = try await daemon.reply(Methods.Request.Reply.self, "request", Self.intent)
                #expect(made.adapter?.provenance.generator == reply.generator.generatorId)
            }
        }
    }
}
