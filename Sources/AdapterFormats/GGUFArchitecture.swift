/// An architecture of llama.cpp for whose models adapters can be written.
///
/// Source of the names: `gguf-py/gguf/tensor_mapping.py` and `conversion/` of llama.cpp as llama-cpp-python 0.3.36 has it.
public enum GGUFArchitecture: String, Sendable, Codable, CaseIterable {
    case gemma3, llama, qwen2, qwen3, phi3, bert

    /// The names of all, for messages.
    public static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The names of the tensors of a layer that sites stand for, without `blk.<layer>.` and `.weight`, by the path of the
    /// module within the layer.
    var modules: [String: String] {
        switch self {
        case .gemma3, .llama, .qwen2, .qwen3:
            [
                "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
                "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
                "mlp.down_proj": "ffn_down",
            ]
        case .phi3:
            // The model's own modules are fused, and so are the tensors.
            [
                "self_attn.qkv_proj": "attn_qkv", "self_attn.o_proj": "attn_output",
                "mlp.gate_up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
            ]
        case .bert:
            [
                "attention.self.query": "attn_q", "attention.self.key": "attn_k",
                "attention.self.value": "attn_v", "attention.output.dense": "attn_output",
                "intermediate.dense": "ffn_up", "output.dense": "ffn_down",
            ]
        }
    }

    /// What stands before a layer's number in a site's path: for a language model, alone or within a task's model, and for one
    /// that reads pictures as well.
    private var prefixes: [[Substring]] {
        switch self {
        case .bert: [["encoder", "layer"], ["bert", "encoder", "layer"]]
        default:
            [
                ["model", "layers"], ["layers"], ["language_model", "model", "layers"],
                ["model", "language_model", "layers"],
            ]
        }
    }

    /// Which part of which layer a site is; nil if adapters for this architecture have no such site.
    func part(of path: String) -> (layer: Int, name: String)? {
        let components = path.split(separator: ".", omittingEmptySubsequences: false)
        for prefix in prefixes where components.starts(with: prefix) && components.count > prefix.count + 1 {
            let digits = components[prefix.count]
            guard let layer = Int(digits), layer >= 0, String(layer) == digits,
                let name = modules[components[(prefix.count + 1)...].joined(separator: ".")]
            else { continue }
            return (layer, name)
        }
        return nil
    }

    /// Whether the converter changes the order of the rows of queries and keys: llama.cpp's rotary embedding pairs neighbouring
    /// rows in these models, and transformers' pairs the two halves of a head.
    var interleavesRotaryRows: Bool { self == .llama }
}
