import AdapterFormats
import LinearAlgebra
import LowRank
import StrictGGUF

/// A small model's GGUF file, as far as adapters need it.
struct GGUFModel {
    var fields: [String: GGUFWriter.Value]
    var tensors: [String: [Int]] = [:]

    init(_ architecture: String, layers: Int = 2) {
        fields = [
            "general.architecture": .string(architecture), "general.type": .string("model"),
            "general.name": .string("Small"), "\(architecture).block_count": .uint32(UInt32(layers)),
        ]
    }

    /// A model of an architecture with all its linear layers, on 8 → 12 → 8 features and 4 heads, 2 of keys.
    init(_ architecture: GGUFArchitecture, layers: Int = 2) {
        self.init(architecture.rawValue, layers: layers)
        fields["\(architecture.rawValue).attention.head_count"] = .uint32(4)
        fields["\(architecture.rawValue).attention.head_count_kv"] = .uint32(2)
        for layer in 0..<layers {
            for (part, shape) in Self.shapes(architecture) { tensors["blk.\(layer).\(part).weight"] = shape }
        }
    }

    private static func shapes(_ architecture: GGUFArchitecture) -> [String: [Int]] {
        let common = ["attn_output": [16, 8], "ffn_down": [12, 8]]
        let separate = ["attn_q": [8, 16], "attn_k": [8, 8], "attn_v": [8, 8]]
        let own: [String: [Int]] =
            switch architecture {
            case .phi3: ["attn_qkv": [8, 32], "ffn_up": [8, 24]]
            case .bert: separate.merging(["ffn_up": [8, 12]]) { $1 }
            default: separate.merging(["ffn_up": [8, 12], "ffn_gate": [8, 12]]) { $1 }
            }
        return common.merging(own) { $1 }
    }

    var bytes: [UInt8] {
        get throws {
            var writer = GGUFWriter()
            for (key, value) in fields { try writer.set(key, value) }
            for (name, shape) in tensors {
                let zeros = FloatVector([Float](repeating: 0, count: shape.reduce(1, *)))
                try writer.add(name, shape: shape, values: zeros, as: .float32)
            }
            return writer.bytes()
        }
    }

    /// What adapters need of the file.
    var base: GGUFBase {
        get throws {
            let bytes = try bytes
            let header = try bytes.withUnsafeBytes {
                try GGUFHeader(of: $0, fileSize: bytes.count, file: "model.gguf")
            }
            return try GGUFBase(header, digest: "d1", file: "model.gguf")
        }
    }
}

/// An adapter with numbers drawn at random.
func randomAdapter(_ sites: [Site], rank: Int = 2, scale: Float = 2, seed: UInt64 = 1) throws -> LoRAAdapter {
    let layout = try AdapterLayout(sites: sites, rank: rank, scale: scale)
    var random = CounterRandom(seed: seed)
    return LoRAAdapter(layout: layout, parameters: random.gaussians(layout.parameterCount))
}
