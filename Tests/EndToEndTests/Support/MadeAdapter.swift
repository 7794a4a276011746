import AdapterFormats
import Foundation
import LinearAlgebra
import LowRank
import TestSupport

/// Writes PEFT folders with random factors on the sites of all-MiniLM-L6-v2.
///
/// All share one random A up to noise, as adapters that were trained from one initialisation do.
struct MadeAdapter: Sendable {
    /// The base model's name in the configuration.
    var base = "sentence-transformers/all-MiniLM-L6-v2"
    var rank = 4
    /// Makes the adapters different; the initialisation is the same for all.
    var seed: UInt64 = 1
    /// What stands before a site's path in a tensor's name.
    var prefix = "base_model.model."
    /// What stands between the path and `lora_A`.
    var suffix = ""
    /// What stands between `lora_A` and `weight`.
    var name = ""
    /// The layers of the model that are adapted.
    var layers = 0..<6
    /// The width of the model.
    var width = 384
    /// More members of the configuration, such as `"use_dora":true`.
    var members = ""
    /// Changes A and B of the site with that index.
    var change: @Sendable (_ a: inout [Float], _ b: inout [Float], _ site: Int) -> Void = { _, _, _ in }

    /// The paths of the adapted sites, in the model.
    var paths: [String] {
        layers.flatMap { layer in
            ["query", "value"].map { "encoder.layer.\(layer).attention.self.\($0)" }
        }
    }

    /// The bytes of `adapter_model.safetensors`.
    func weights() throws -> [UInt8] {
        var writer = try SafetensorsWriter(metadata: ["format": "pt"])
        var (shared, own) = (CounterRandom(seed: 77), CounterRandom(seed: seed, stream: 5))
        for (index, path) in paths.enumerated() {
            var a = shared.gaussians(12 * width).prefix(rank * width).map { $0 * 0.03 }
            let noise = own.gaussians(a.count)
            for place in a.indices { a[place] += 0.006 * noise[place] }
            var b = own.gaussians(width * rank).map { $0 * 0.02 }
            change(&a, &b, index)
            for (half, values) in [("lora_A", a), ("lora_B", b)] {
                try writer.add(
                    "\(prefix)\(path)\(suffix).\(half)\(name).weight",
                    shape: half == "lora_A" ? [rank, width] : [width, rank], values: FloatVector(values))
            }
        }
        return try writer.bytes()
    }

    /// The text of `adapter_config.json`.
    var configuration: String {
        #"{"peft_type":"LORA","r":\#(rank),"lora_alpha":\#(2 * rank),"base_model_name_or_path":"\#(base)","#
            + #""target_modules":["query","value"],"task_type":"FEATURE_EXTRACTION"\#(members.isEmpty ? "" : ",")\#(members)}"#
    }

    /// Writes the folder with its `expert.json`.
    ///
    /// - Returns: the folder's path.
    @discardableResult
    func write(to folder: String, describing description: String = "match plants to their names") throws
        -> String
    {
        try writeFiles(to: folder)
        let name = URL(filePath: folder).lastPathComponent
        try #"{"name":"\#(name)","description":"\#(description)"}"#.write(
            toFile: "\(folder)/expert.json", atomically: false, encoding: .utf8)
        return folder
    }

    /// Writes the two files of an adapter or a checkpoint.
    func writeFiles(to folder: String, configured: Bool = true) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if configured {
            try configuration.write(
                toFile: "\(folder)/adapter_config.json", atomically: false, encoding: .utf8)
        }
        try Data(weights()).write(to: URL(filePath: "\(folder)/adapter_model.safetensors"))
    }
}
