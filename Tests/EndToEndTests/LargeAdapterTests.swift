import AdapterFormats
import Foundation
import LinearAlgebra
import LowRank
import SgloradInterface
import SpoolForms
import Synchronization
import TestSupport
import Testing
import Varlink

/// Adapters for a decoder model of half a billion parameters, with 4.4 million parameters each.
@Suite("Large adapters", .timeLimit(.minutes(20)), .needsModel)
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

    /// What all experts share: the A of one initialisation, and a pool of noise.
    private struct Material: Sendable {
        static let stride = 4096
        let layout: AdapterLayout
        let start: [Float]
        let noise: [Float]

        init(seed: UInt64 = 1) throws {
            layout = try LargeAdapterTests.layout()
            var random = CounterRandom(seed: seed)
            var start = random.gaussians(layout.parameterCount)
            for slice in layout.slices { for index in slice.b { start[index] = 0 } }
            self.start = start
            noise = random.gaussians(layout.parameterCount + 64 * Self.stride)
        }

        /// A checkpoint: the initialisation plus noise, from another offset for each number.
        func checkpoint(_ number: Int) -> [Float] {
            var result = [Float](repeating: 0, count: start.count)
            BLAS.axpy(count: start.count, alpha: 0.02, x: start, y: &result)
            noise.withUnsafeBufferPointer { noise in
                guard let noise = noise.baseAddress else { return }
                BLAS.axpy(count: start.count, alpha: 0.004, x: noise + number * Self.stride, y: &result)
            }
            return result
        }
    }

    private static func write(
        _ name: String, seed: Int, of material: Material, into folder: String, checkpoints: Int
    ) throws {
        let layout = material.layout
        let template = PEFTTemplate(
            baseModelName: "Qwen/Qwen2.5-0.5B", taskType: "CAUSAL_LM",
            targetModules: ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"])
        for number in 0..<checkpoints {
            let numbers = material.checkpoint(seed + number)
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

    /// The peak resident memory of a process, in MB.
    private static func peak(_ process: Int32) throws -> Double {
        try #require(foundPeak(process))
    }

    /// The same; nil where the process is gone or a zombie, which has no memory.
    private static func foundPeak(_ process: Int32) -> Double? {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else {
            return nil
        }
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Double($0) }.map { $0 / 1024 }
    }

    /// The peak resident memory of any child of a process while `body` runs, in MB.
    private static func childPeak(
        of process: Int32, while body: () async throws -> Void
    ) async throws -> Double {
        let peak = Mutex(0.0)
        let isDone = Mutex(false)
        let watcher = Thread {
            while !isDone.withLock({ $0 }) {
                let children =
                    (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?
                    .compactMap { Int32($0) }.filter { parent(of: $0) == process } ?? []
                for child in children {
                    guard let found = foundPeak(child) else { continue }
                    peak.withLock { $0 = max($0, found) }
                }
                Thread.sleep(forTimeInterval: 0.05)
            }
        }
        watcher.start()
        defer { isDone.withLock { $0 = true } }
        try await body()
        return peak.withLock { $0 }
    }

    private static func parent(of process: Int32) -> Int32? {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else {
            return nil
        }
        let line = status.split(separator: "\n").first { $0.hasPrefix("PPid:") }
        return line?.split(separator: "\t").last.flatMap { Int32($0) }
    }

    @Test("a library of 24 experts trains in a child process and generates within 512 MB")
    func trainAndGenerate() async throws {
        try await withTemporaryFolder { folder in
            try await TestDaemon.run { daemon in
                let material = try await onOwnThread { try Material() }
                // One at a time, so that the disk holds only one.
                for number in 0..<24 {
                    let name = "topic-\(number)"
                    try await onOwnThread {
                        try Self.write(
                            name, seed: 2 * number, of: material, into: folder,
                            checkpoints: number < 2 ? 2 : 1)
                    }
                    try await daemon.importExperts(["\(folder)/\(name)"])
                    try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
                }
                let child = try await Self.childPeak(of: daemon.process) {
                    _ = try await daemon.reply(
                        Methods.TrainGenerator.Reply.self, "generator", "train", "--steps", "40")
                }
                let before = try Self.peak(daemon.process)
                let reply = try await daemon.reply(
                    Methods.Request.Reply.self, "request", "answer questions about topic-7", "--strategy",
                    "sg-lora", "--force", "--seed", "3", "-o", "\(folder)/out")
                #expect(reply.adapter?.provenance.strategy == "sg-lora")
                let made = try PEFTFolder.read(directory: "\(folder)/out")
                #expect(made.checkpoints[0].factors.count == 168)
                let after = try Self.peak(daemon.process)
                print("large adapters: training's peak \(child) MB, daemon \(before) → \(after) MB")
                #expect(child > 20 && child < 512)
                #expect(after < 512)
            }
        }
    }

    @Test("three experts are imported and merged within bounded memory")
    func importAndMerge() async throws {
        try await withTemporaryFolder { folder in
            #expect(try Self.layout().parameterCount == 4_399_104)
            let material = try await onOwnThread { try Material() }
            for (seed, name) in [(2, "fish"), (3, "birds"), (4, "trees")] {
                try await onOwnThread {
                    try Self.write(
                        name, seed: seed, of: material, into: folder, checkpoints: seed == 4 ? 4 : 1)
                }
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
