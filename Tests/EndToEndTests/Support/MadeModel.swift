import AdapterFormats
import Foundation
import LinearAlgebra

/// Writes a GGUF file like that of all-MiniLM-L6-v2, as far as adapters need it; the daemon sees only its header.
struct MadeModel: Sendable {
    var architecture = "bert"
    var layers = 6
    var width = 384
    /// Every number of the file.
    var filled: Float = 0

    /// Writes the file.
    func write(to path: String) throws {
        var writer = GGUFWriter()
        try writer.set("general.architecture", .string(architecture))
        try writer.set("general.name", .string("All MiniLM L6 v2"))
        try writer.set("\(architecture).block_count", .uint32(UInt32(layers)))
        let numbers = FloatVector([Float](repeating: filled, count: width * width))
        for layer in 0..<layers {
            for part in ["attn_q", "attn_k", "attn_v", "attn_output"] {
                try writer.add(
                    "blk.\(layer).\(part).weight", shape: [width, width], values: numbers, as: .float16)
            }
        }
        try Data(writer.bytes()).write(to: URL(filePath: path))
    }
}
