import AdapterFormats
import ControlProtocol
import Foundation
import LinearAlgebra
import LowRank
import Testing

/// Adapters of a decoder model of half a billion parameters, 4.4 million numbers each.
@Suite(
    "Large adapters", .timeLimit(.minutes(5)),
    .enabled(if: Places.hasModel, "needs the text encoder: make model"))
struct LargeAdapterTests {
    /// Qwen2.5-0.5B: hidden 896, 24 blocks, 2 key-value heads of 64, inner 4864.
    private static func layout(rank: Int = 8) throws -> AdapterLayout {
        let sites = (0..<24).flatMap { layer in
            [
                ("self_attn.q_proj", 896, 896), ("self_attn.k_proj", 896, 128),
                ("self_attn.v_proj", 896, 128),
                ("self_attn.o_proj", 896, 896), ("mlp.gate_proj", 896, 4864), ("mlp.up_proj", 896, 4864),
                ("mlp.down_proj", 4864, 896),
            ].map { Site(path: "model.layers.\(layer).\($0.0)", inFeatures: $0.1, outFeatures: $0.2) }
        }
        return try AdapterLayout(sites: sites, rank: rank, scale: 2)
    }

    private static func write(_ name: String, seed: UInt64, into folder: String, checkpoints: Int) throws {
        let layout = try layout()
        let template = PEFTTemplate(
            baseModelName: "Qwen/Qwen2.5-0.5B", taskType: "CAUSAL_LM",
            targetModules: ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"])
        var start = CounterRandom(seed: 1)
        let common = start.gaussians(layout.parameterCount)
        var random = CounterRandom(seed: seed)
        for number in 0..<checkpoints {
            var numbers = random.gaussians(layout.parameterCount)
            for slice in layout.slices {
                for index in slice.a { numbers[index] = 0.02 * (common[index] + 0.2 * numbers[index]) }
                for index in slice.b { numbers[index] *= 0.01 }
            }
            let place = "\(folder)/\(name)" + (number == 0 ? "" : "/checkpoint-\(number)")
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            for file in try PEFTWriter.files(
                for: LoRAAdapter(layout: layout, parameters: numbers), template: template, provenance: [:])
            {
                try Data(file.contents).write(to: URL(filePath: "\(place)/\(file.name)"))
            }
        }
        try Data("{\"name\": \"\(name)\", \"description\": \"answer questions about \(name)\"}".utf8)
            .write(to: URL(filePath: "\(folder)/\(name)/expert.json"))
    }

    /// The most memory that a process has had, in MB.
    private static func peak(_ process: Int32) throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        let number = try #require(line.split(separator: " ").dropFirst().first.flatMap { Double($0) })
        return number / 1024
    }

    @Test("three of them are imported and merged within bounded memory")
    func importAndMerge() async throws {
        try await withTemporaryFolder { folder in
            #expect(try Self.layout().parameterCount == 4_399_104)
            for (seed, name) in [(2, "fish"), (3, "birds"), (4, "trees")] {
                try Self.write(name, seed: UInt64(seed), into: folder, checkpoints: seed == 4 ? 4 : 1)
            }
            try await TestDaemon.run { daemon in
                let before = try Self.peak(daemon.process)
                try await daemon.importExperts(["fish", "birds"].map { "\(folder)/\($0)" })
                let single = try Self.peak(daemon.process)
                try await daemon.importExperts(["\(folder)/trees"])
                let several = try Self.peak(daemon.process)
                let list = try await daemon.reply(Methods.ListExperts.Reply.self, "expert", "list")
                #expect(list.experts.count == 3 && list.experts.allSatisfy { $0.foreign == nil })
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "answer questions about birds", "--strategy",
                    "weighted", "--force", "-o", "\(folder)/out")
                #expect(reply.adapter?.provenance.experts.count == 3)
                let made = try PEFTFolder.read(directory: "\(folder)/out")
                #expect(made.template.targetModules?.count == 7 && made.checkpoints[0].factors.count == 168)
                let after = try Self.peak(daemon.process)
                print(
                    "large adapters: peak MB \(before) → \(single) (1 checkpoint) → \(several) (4) → \(after)"
                )
                // One checkpoint is 17.6 MB in single precision.
                #expect(single - before < 250, "\(before) → \(single)")
                #expect(several - before < 400, "\(before) → \(several)")
                #expect(after < 512)
            }
        }
    }
}
