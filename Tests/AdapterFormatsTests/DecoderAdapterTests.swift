import ErrorModel
import Foundation
import LinearAlgebra
import LowRank
import TestSupport
import Testing

@testable import AdapterFormats

/// Adapters as they are commonly trained for decoder models: seven linear layers per block, grouped-query
/// attention, bfloat16.
@Suite("Adapters of decoder models")
struct DecoderAdapterTests {
    /// The dimensions of a model.
    struct Model: Sendable, CustomTestStringConvertible {
        let name: String
        /// The path of the module that contains `layers`.
        let path: String
        let hidden: Int
        /// The outputs of q_proj and inputs of o_proj; not the hidden size in Gemma and Qwen 3.
        let queries: Int
        let keys: Int
        let inner: Int
        var testDescription: String { name }

        static let all = [
            Model(
                name: "meta-llama/Llama-3.2-1B", path: "model", hidden: 2048, queries: 2048, keys: 512,
                inner: 8192),
            Model(
                name: "Qwen/Qwen2.5-0.5B", path: "model", hidden: 896, queries: 896, keys: 128, inner: 4864),
            Model(
                name: "Qwen/Qwen3-0.6B", path: "model", hidden: 1024, queries: 2048, keys: 1024, inner: 3072),
            Model(
                name: "google/gemma-2-2b", path: "model", hidden: 2304, queries: 2048, keys: 1024, inner: 9216
            ),
            Model(
                name: "google/gemma-3-4b-it", path: "model.language_model", hidden: 2560, queries: 2048,
                keys: 1024, inner: 10240),
        ]

        /// The sites of one block.
        func sites(layer: Int) -> [Site] {
            func site(_ path: String, _ inputs: Int, _ outputs: Int) -> Site {
                Site(
                    path: "\(self.path).layers.\(layer).\(path)", inFeatures: inputs, outFeatures: outputs)
            }
            return [
                site("self_attn.q_proj", hidden, queries), site("self_attn.k_proj", hidden, keys),
                site("self_attn.v_proj", hidden, keys), site("self_attn.o_proj", queries, hidden),
                site("mlp.gate_proj", hidden, inner), site("mlp.up_proj", hidden, inner),
                site("mlp.down_proj", inner, hidden),
            ]
        }
    }

    private static let modules = [
        "down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj",
    ]

    /// Writes a folder as PEFT does, with bfloat16 weights, and returns the parameters.
    private func write(
        _ model: Model, layers: Int, rank: Int, alpha: Int, rslora: Bool, to folder: TemporaryFolder
    ) throws -> [String: [Float]] {
        let modules = Self.modules.map { "\"\($0)\"" }.joined(separator: ", ")
        try folder.write(
            """
            {"alora_invocation_tokens": null, "alpha_pattern": {}, "arrow_config": null,
             "auto_mapping": null, "base_model_name_or_path": "\(model.name)", "bias": "none",
             "corda_config": null, "ensure_weight_tying": false, "eva_config": null,
             "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
             "init_lora_weights": true, "layer_replication": null, "layers_pattern": null,
             "layers_to_transform": null, "loftq_config": {}, "lora_alpha": \(alpha), "lora_bias": false,
             "lora_dropout": 0.05, "megatron_config": null, "megatron_core": "megatron.core",
             "modules_to_save": null, "peft_type": "LORA", "peft_version": "0.18.0", "qalora_group_size": 16,
             "r": \(rank), "rank_pattern": {}, "revision": null, "target_modules": [\(modules)],
             "target_parameters": null, "task_type": "CAUSAL_LM", "trainable_token_indices": null,
             "use_dora": false, "use_qalora": false, "use_rslora": \(rslora)}
            """, to: "adapter_config.json")
        var random = CounterRandom(seed: 1)
        var numbers: [String: [Float]] = [:]
        var file = BFloat16File()
        for site in (0..<layers).flatMap(model.sites(layer:)) {
            for (half, shape) in [("A", [rank, site.inFeatures]), ("B", [site.outFeatures, rank])] {
                let values = random.gaussians(shape[0] * shape[1]).map { value in
                    // Truncated to what bfloat16 can represent.
                    Float(bitPattern: value.bitPattern & 0xFFFF_0000)
                }
                numbers["\(site.path) \(half)"] = values
                file.add("base_model.model.\(site.path).lora_\(half).weight", shape, values)
            }
        }
        try folder.write(file.bytes(), to: "adapter_model.safetensors")
        return numbers
    }

    @Test(arguments: Model.all, [false, true])
    func `names, shapes, scales and bfloat16 parameters are read`(_ model: Model, _ rslora: Bool) throws {
        let folder = try TemporaryFolder()
        let numbers = try write(model, layers: 2, rank: 4, alpha: 16, rslora: rslora, to: folder)
        let read = try PEFTFolder.read(directory: folder.path)
        #expect(read.template.baseModelName == model.name && read.template.taskType == "CAUSAL_LM")
        #expect(read.template.targetModules == Self.modules)
        let factors = try #require(read.checkpoints.first).factors
        let sites = (0..<2).flatMap(model.sites(layer:))
        #expect(Set(factors.map(\.site)) == Set(sites) && factors.count == 14)
        for factor in factors {
            #expect(factor.rank == 4 && factor.scale == (rslora ? 8 : 4))
            #expect(factor.a == numbers["\(factor.site.path) A"])
            #expect(factor.b == numbers["\(factor.site.path) B"])
        }
    }

    @Test(arguments: Model.all)
    func `an adapter written for such a library is read back with the same short module names`(
        _ model: Model
    ) throws {
        let folder = try TemporaryFolder()
        _ = try write(model, layers: 1, rank: 4, alpha: 16, rslora: true, to: folder)
        let read = try PEFTFolder.read(directory: folder.path)
        let layout = try AdapterLayout(of: read.checkpoints[0].factors)
        #expect(layout.scale == 8)
        let adapter = try layout.place(read.checkpoints[0].factors)
        let again = try TemporaryFolder().rewritten(adapter, read.template)
        #expect(again.template == read.template)
        #expect(try layout.place(again.checkpoints[0].factors).parameters == adapter.parameters)
    }

    @Test(arguments: Model.all)
    func `an adapter of the same initialisation is aligned after a change of gauge`(
        _ model: Model
    ) throws {
        var random = CounterRandom(seed: 3)
        let sites = model.sites(layer: 0)
        let layout = try AdapterLayout(sites: sites, rank: 8, scale: 2)
        let first = sites.map { site in
            SiteFactors(
                site: site, rank: 8, scale: 2,
                a: random.gaussians(8 * site.inFeatures).map { $0 / Float(site.inFeatures).squareRoot() },
                b: random.gaussians(8 * site.outFeatures).map { 0.01 * $0 })
        }
        let second = first.map { factor in
            SiteFactors(
                site: factor.site, rank: 8, scale: 2,
                a: zip(factor.a, random.gaussians(factor.a.count)).map { $0 + 0.005 * $1 },
                b: random.gaussians(factor.b.count).map { 0.01 * $0 })
        }
        // The components in reverse order, every other one negated: a G that is exact in any precision.
        let turned = second.map { factor in
            let inputs = factor.site.inFeatures
            var (a, b) = (factor.a, factor.b)
            for component in 0..<8 {
                let (from, sign): (Int, Float) = (7 - component, component % 2 == 0 ? 1 : -1)
                for index in 0..<inputs {
                    a[component * inputs + index] = sign * factor.a[from * inputs + index]
                }
                for row in 0..<factor.site.outFeatures {
                    b[row * 8 + component] = sign * factor.b[row * 8 + from]
                }
            }
            return SiteFactors(site: factor.site, rank: 8, scale: 2, a: a, b: b)
        }
        let reference = try GaugeReference(first: [first], on: layout)
        let alignment = try GaugeAlignment(of: [turned], to: reference, on: layout)
        #expect(!alignment.isForeign && !alignment.isIdentity)
        let (found, untouched) = (try alignment.place(turned).parameters, try layout.place(second).parameters)
        let error = zip(found, untouched).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let spread = zip(try layout.place(first).parameters, untouched).reduce(0.0) {
            $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1))
        }
        #expect(error < 0.02 * spread)
    }
}

/// A safetensors file of bfloat16 tensors, as torch saves them; our own writer has no bfloat16.
private struct BFloat16File {
    private var header: [String] = []
    private var data: [UInt8] = []

    mutating func add(_ name: String, _ shape: [Int], _ values: [Float]) {
        let start = data.count
        for value in values {
            let half = UInt16(value.bitPattern >> 16)
            data.append(UInt8(half & 0xFF))
            data.append(UInt8(half >> 8))
        }
        header.append(
            "\"\(name)\":{\"dtype\":\"BF16\",\"shape\":\(shape),\"data_offsets\":[\(start),\(data.count)]}")
    }

    func bytes() -> [UInt8] {
        var text = Array("{\"__metadata__\":{\"format\":\"pt\"},\(header.joined(separator: ","))}".utf8)
        while text.count % 8 != 0 { text.append(0x20) }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text + data
    }
}
