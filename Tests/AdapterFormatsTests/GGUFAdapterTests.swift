import AdapterFormats
import ErrorModel
import LinearAlgebra
import LowRank
import StrictGGUF
import TestSupport
import Testing

@Suite("Writing adapters as GGUF files")
struct GGUFAdapterTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func written(
        _ adapter: LoRAAdapter, _ model: GGUFModel, _ type: GGUFWriter.ElementType = .float32,
        provenance: [String: String] = [:]
    ) throws -> GGUFFile {
        let writer = try GGUFAdapterWriter.file(
            for: adapter, base: model.base, type: type, provenance: provenance)
        return try GGUFFile(path: folder.write(writer.bytes(), to: GGUFAdapterWriter.fileName))
    }

    /// The sites of a layer by their path within it, with the tensor of each and its shape.
    static let sites: [(GGUFArchitecture, path: String, tensor: String, shape: [Int])] = {
        let decoder: [(String, String, [Int])] = [
            ("self_attn.q_proj", "attn_q", [8, 16]), ("self_attn.k_proj", "attn_k", [8, 8]),
            ("self_attn.v_proj", "attn_v", [8, 8]), ("self_attn.o_proj", "attn_output", [16, 8]),
            ("mlp.gate_proj", "ffn_gate", [8, 12]), ("mlp.up_proj", "ffn_up", [8, 12]),
            ("mlp.down_proj", "ffn_down", [12, 8]),
        ]
        let phi: [(String, String, [Int])] = [
            ("self_attn.qkv_proj", "attn_qkv", [8, 32]), ("self_attn.o_proj", "attn_output", [16, 8]),
            ("mlp.gate_up_proj", "ffn_up", [8, 24]), ("mlp.down_proj", "ffn_down", [12, 8]),
        ]
        let bert: [(String, String, [Int])] = [
            ("attention.self.query", "attn_q", [8, 16]), ("attention.self.key", "attn_k", [8, 8]),
            ("attention.self.value", "attn_v", [8, 8]), ("attention.output.dense", "attn_output", [16, 8]),
            ("intermediate.dense", "ffn_up", [8, 12]), ("output.dense", "ffn_down", [12, 8]),
        ]
        return [GGUFArchitecture.gemma3, .llama, .qwen2, .qwen3].flatMap { architecture in
            decoder.map { (architecture, "model.layers.1.\($0.0)", "blk.1.\($0.1).weight", $0.2) }
        } + phi.map { (.phi3, "model.layers.1.\($0.0)", "blk.1.\($0.1).weight", $0.2) }
            + bert.map { (.bert, "encoder.layer.1.\($0.0)", "blk.1.\($0.1).weight", $0.2) }
    }()

    @Test(arguments: GGUFArchitecture.allCases)
    func `every site is named as the model's own file names it`(architecture: GGUFArchitecture) throws {
        let sites = Self.sites.filter { $0.0 == architecture }
        let adapter = try randomAdapter(
            sites.map { Site(path: $0.path, inFeatures: $0.shape[0], outFeatures: $0.shape[1]) }, rank: 3)
        let file = try written(adapter, GGUFModel(architecture))
        #expect(file.header.tensors.count == 2 * sites.count)
        for (_, path, tensor, shape) in sites {
            let factor = try #require(adapter.factors.first { $0.site.path == path })
            #expect(file.header.tensor(named: tensor + ".lora_a")?.shape == [shape[0], 3])
            #expect(file.header.tensor(named: tensor + ".lora_b")?.shape == [3, shape[1]])
            #expect(try file.floats(tensor + ".lora_a").array == factor.a)
            let b = try file.floats(tensor + ".lora_b").array
            if architecture == .llama, tensor.contains("attn_q") || tensor.contains("attn_k") {
                #expect(b != factor.b && b.sorted() == factor.b.sorted())
            } else {
                #expect(b == factor.b)
            }
        }
    }

    @Test(arguments: [
        "model.layers.0.", "layers.0.", "language_model.model.layers.0.", "model.language_model.layers.0.",
    ])
    func `a site's path may begin as any model class has it`(start: String) throws {
        let adapter = try randomAdapter([
            Site(path: start + "self_attn.v_proj", inFeatures: 8, outFeatures: 8)
        ])
        let file = try written(adapter, GGUFModel(.gemma3))
        #expect(file.header.tensor(named: "blk.0.attn_v.weight.lora_a") != nil)
    }

    /// Rows of two heads of four: llama.cpp has 0, 2, 1, 3 of each.
    @Test func `llama's queries and keys have their rows interleaved within each head`() throws {
        let site = Site(path: "model.layers.0.self_attn.k_proj", inFeatures: 8, outFeatures: 8)
        let layout = try AdapterLayout(sites: [site], rank: 1, scale: 1)
        let b = (0..<8).map(Float.init)
        let adapter = LoRAAdapter(layout: layout, parameters: [Float](repeating: 1, count: 8) + b)
        let file = try written(adapter, GGUFModel(.llama))
        #expect(try file.floats("blk.0.attn_k.weight.lora_b").array == [0, 2, 1, 3, 4, 6, 5, 7])
        for architecture in [GGUFArchitecture.gemma3, .qwen2, .qwen3] {
            let other = try written(adapter, GGUFModel(architecture))
            #expect(try other.floats("blk.0.attn_k.weight.lora_b").array == b)
        }
    }

    @Test func `the metadata is what llama.cpp asks for, and the provenance`() throws {
        let adapter = try randomAdapter(
            [Site(path: "model.layers.0.self_attn.q_proj", inFeatures: 8, outFeatures: 16)], rank: 4, scale: 2
        )
        let file = try written(
            adapter, GGUFModel(.qwen3), provenance: ["sglorad.provenance": "{}", "general.type": "model"])
        let expected: [String: GGUFValue] = [
            "general.architecture": .string("qwen3"), "general.type": .string("adapter"),
            "general.file_type": .unsigned(0), "adapter.type": .string("lora"),
            "adapter.lora.alpha": .floating(8), "sglorad.provenance": .string("{}"),
            "sglorad.base.sha256": .string("d1"),
        ]
        #expect(
            Dictionary(uniqueKeysWithValues: file.header.fields.map { ($0.key, $0.value) }) == expected)
        #expect(file.header.field("adapter.lora.alpha")?.type == .float32)
    }

    @Test(
        arguments: [
            (1, 2), (3, 5.0 / 3), (7, 0.1), (8, 22.627417 / 8), (4096, 1e-20), (5, -1), (3, 1),
        ] as [(Int, Float)])
    func `alpha gives the scale as llama.cpp computes it`(rank: Int, scale: Float) throws {
        let site = Site(path: "model.layers.0.self_attn.v_proj", inFeatures: 8, outFeatures: 8)
        let file = try written(randomAdapter([site], rank: rank, scale: scale), GGUFModel(.llama))
        guard case .floating(let stated) = file.header.field("adapter.lora.alpha")?.value else {
            Issue.record("there is no alpha")
            return
        }
        let computed = 1 * Float(stated) / Float(rank)
        #expect(abs(computed - scale) <= scale.ulp)
    }

    @Test func `a scale without an alpha is refused`() throws {
        let site = Site(path: "model.layers.0.self_attn.v_proj", inFeatures: 8, outFeatures: 8)
        let adapter = try randomAdapter([site], rank: 64, scale: 3e38)
        let error = refusal(.layoutMismatch) { try written(adapter, GGUFModel(.llama)) }
        #expect(error?.message.contains("cannot be stated as an alpha") == true)
    }

    @Test func `half precision rounds, and refuses what it cannot hold`() throws {
        let site = Site(path: "model.layers.0.self_attn.v_proj", inFeatures: 8, outFeatures: 8)
        let adapter = try randomAdapter([site])
        let file = try written(adapter, GGUFModel(.llama), .float16)
        #expect(file.header.field("general.file_type")?.value == .unsigned(1))
        #expect(file.header.tensors.allSatisfy { $0.type == .float16 })
        let a = try file.floats("blk.0.attn_v.weight.lora_a").array
        #expect(zip(a, adapter.factors[0].a).allSatisfy { abs($0 - $1) <= abs($1) / 1024 })
        var large = adapter.parameters
        large[5] = -70_000
        let error = refusal(.layoutMismatch) {
            try written(LoRAAdapter(layout: adapter.layout, parameters: large), GGUFModel(.llama), .float16)
        }
        #expect(error?.message.contains("too large for half precision") == true)
        large[5] = .nan
        _ = refusal(.internal) {
            try written(LoRAAdapter(layout: adapter.layout, parameters: large), GGUFModel(.llama))
        }
    }

    @Test func `the same adapter gives the same bytes, whatever the order of the provenance`() throws {
        let sites = (0..<2).map {
            Site(path: "model.layers.\($0).self_attn.q_proj", inFeatures: 8, outFeatures: 16)
        }
        let provenance = (0..<30).map { ("key\($0)", "\($0)") }
        func bytes(_ pairs: [(String, String)]) throws -> [UInt8] {
            try GGUFAdapterWriter.file(
                for: randomAdapter(sites), base: GGUFModel(.llama).base, type: .float16,
                provenance: Dictionary(uniqueKeysWithValues: pairs)
            ).bytes()
        }
        #expect(try bytes(provenance) == bytes(provenance.reversed()))
    }
}
