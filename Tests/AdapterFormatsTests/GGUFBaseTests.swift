import AdapterFormats
import ErrorModel
import Foundation
import LowRank
import TestSupport
import Testing

@Suite("A base model's GGUF file")
struct GGUFBaseTests {
    @Test(arguments: GGUFArchitecture.allCases)
    func `a model of every architecture is known`(architecture: GGUFArchitecture) throws {
        let base = try GGUFModel(architecture, layers: 3).base
        #expect(base.architecture == architecture && base.layers == 3 && base.name == "Small")
        let copy = try JSONDecoder().decode(GGUFBase.self, from: JSONEncoder().encode(base))
        #expect(copy == base)
    }

    private func refused(
        _ part: String, at location: SourceLocation = #_sourceLocation, _ change: (inout GGUFModel) -> Void
    )
        throws
    {
        var model = GGUFModel(.llama)
        change(&model)
        let error = refusal(.invalidFile, location) { try model.base }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")", sourceLocation: location)
        #expect(error?.message.hasPrefix("model.gguf: ") == true, sourceLocation: location)
    }

    @Test func `other architectures, adapters and parts are refused by name`() throws {
        try refused("the architecture 'mamba'") { $0.fields["general.architecture"] = .string("mamba") }
        try refused("the architecture 'Llama'") { $0.fields["general.architecture"] = .string("Llama") }
        try refused("gemma3, llama, qwen2, qwen3, phi3, bert are known") {
            $0.fields["general.architecture"] = .string("t5")
        }
        try refused("no general.architecture") { $0.fields["general.architecture"] = nil }
        try refused("a whole number as general.architecture") {
            $0.fields["general.architecture"] = .uint32(1)
        }
        try refused("of the type 'adapter', not a model") { $0.fields["general.type"] = .string("adapter") }
        try refused("one of 3 parts") { $0.fields["split.count"] = .uint32(3) }
    }

    @Test func `a missing or wrong number of layers or heads is refused`() throws {
        try refused("no llama.block_count of 1 to 4096") { $0.fields["llama.block_count"] = nil }
        for count: UInt32 in [0, 4097, .max] {
            try refused("llama.block_count") { $0.fields["llama.block_count"] = .uint32(count) }
        }
        try refused("a text as llama.block_count") { $0.fields["llama.block_count"] = .string("2") }
        try refused("llama.attention.head_count") { $0.fields["llama.attention.head_count"] = nil }
        try refused("llama.attention.head_count_kv") {
            $0.fields["llama.attention.head_count_kv"] = .uint32(1 << 20)
        }
    }

    @Test func `fused queries, keys and values are refused by name, except where the model has them itself`()
        throws
    {
        try refused("fused queries, keys and values: blk.1.attn_qkv.weight") {
            $0.tensors["blk.1.attn_qkv.weight"] = [8, 32]
        }
        let phi = try GGUFModel(.phi3).base
        try phi.requireSites(
            of: AdapterLayout(
                sites: [Site(path: "model.layers.1.self_attn.qkv_proj", inFeatures: 8, outFeatures: 32)],
                rank: 1,
                scale: 1))
    }

    private func unbound(
        _ path: String, shape: [Int] = [8, 16], _ part: String, of architecture: GGUFArchitecture = .llama,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let sites = [Site(path: path, inFeatures: shape[0], outFeatures: shape[1])]
        let layout = try AdapterLayout(sites: sites, rank: 1, scale: 1)
        let error = refusal(.layoutMismatch, location) {
            try GGUFModel(architecture).base.requireSites(of: layout)
        }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")", sourceLocation: location)
        #expect(error?.parameters["site"] == .string(path), sourceLocation: location)
    }

    @Test func `a site that the file does not have is refused by name`() throws {
        for path in [
            "lm_head", "model.embed_tokens", "model.layers.0.self_attn.qkv_proj",
            "model.layers.x.self_attn.q_proj",
            "model.layers.00.self_attn.q_proj", "model.layers.-1.self_attn.q_proj", "model.layers.0",
            "vision_tower.layers.0.self_attn.q_proj", "model.layers.0.self_attn.q_proj.extra",
            "model.layers.0.block_sparse_moe.experts.0.w1",
        ] {
            try unbound(path, "has no name in a GGUF adapter of the architecture llama")
        }
        try unbound("model.layers.2.self_attn.q_proj", "blk.2.attn_q.weight, which the GGUF file")
        try unbound(
            "model.layers.0.self_attn.q_proj", shape: [8, 24],
            "8 → 24, but blk.0.attn_q.weight in the GGUF file is 8 → 16")
        try unbound("encoder.layer.0.pooler", "has no name", of: .bert)
        try unbound("model.layers.0.self_attn.q_proj", "has no name", of: .phi3)
    }

    @Test func `two sites of one tensor are refused`() throws {
        let sites = ["model.layers.0.self_attn.q_proj", "layers.0.self_attn.q_proj"].map {
            Site(path: $0, inFeatures: 8, outFeatures: 16)
        }
        let layout = try AdapterLayout(sites: sites, rank: 1, scale: 1)
        let error = refusal(.layoutMismatch) { try GGUFModel(.llama).base.requireSites(of: layout) }
        #expect(error?.message.contains("both the tensor blk.0.attn_q.weight") == true)
    }

    @Test func `heads that do not divide the rows are refused`() throws {
        var model = GGUFModel(.llama)
        model.fields["llama.attention.head_count"] = .uint32(3)
        let sites = [Site(path: "model.layers.0.self_attn.q_proj", inFeatures: 8, outFeatures: 16)]
        let layout = try AdapterLayout(sites: sites, rank: 1, scale: 1)
        let error = refusal(.layoutMismatch) { try model.base.requireSites(of: layout) }
        #expect(error?.message.contains("16 rows, which 3 heads") == true)
    }
}
