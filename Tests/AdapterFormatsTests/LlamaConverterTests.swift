import AdapterFormats
import ErrorModel
import Foundation
import LinearAlgebra
import LowRank
import StrictGGUF
import TestSupport
import Testing

/// llama.cpp's own converter, as `Scripts/python.sh llama` fetches it.
private enum LlamaConverter {
    static let folder =
        ProcessInfo.processInfo.environment["SGLORAD_LLAMA_CPP"] ?? Places.file(".build-python/llama.cpp")

    static let isThere =
        Places.python != nil
        && FileManager.default.fileExists(atPath: folder + "/convert_lora_to_gguf.py")

    /// Runs a Python program; what it printed is in the issue if it fails.
    static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Places.python))
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let printed = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(String(decoding: printed, as: UTF8.self))")
    }
}

@Suite(
    "GGUF adapters and llama.cpp's converter",
    .enabled(if: LlamaConverter.isThere, "needs llama.cpp's converter: Scripts/python.sh llama"))
struct LlamaConverterTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// The `config.json` of a small model: 2 layers of 8 features, 4 heads of 4, 2 of keys; bert's sites have no need of heads.
    private static func configuration(_ architecture: GGUFArchitecture) -> String {
        let (name, type, more) =
            switch architecture {
            case .llama: ("LlamaForCausalLM", "llama", #""head_dim": 4"#)
            case .qwen2: ("Qwen2ForCausalLM", "qwen2", #""head_dim": 4"#)
            case .qwen3: ("Qwen3ForCausalLM", "qwen3", #""head_dim": 4"#)
            case .gemma3: ("Gemma3ForCausalLM", "gemma3_text", #""head_dim": 4, "sliding_window": 16"#)
            case .phi3:
                ("Phi3ForCausalLM", "phi3", #""original_max_position_embeddings": 64, "pad_token_id": 0"#)
            case .bert: ("BertModel", "bert", #""layer_norm_eps": 1e-12, "type_vocab_size": 2"#)
            }
        return """
            {"architectures": ["\(name)"], "model_type": "\(type)", "hidden_size": 8, "intermediate_size": 12,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 32,
            "rms_norm_eps": 1e-6, "max_position_embeddings": 64, \(more)}
            """
    }

    /// ΔW at a tensor, `[out, in]` row-major, as llama.cpp computes it.
    private func change(_ name: String, in file: GGUFFile) throws -> [Double] {
        guard case .floating(let alpha) = file.header.field("adapter.lora.alpha")?.value else {
            Issue.record("there is no alpha")
            return []
        }
        let a = try file.floats(name + ".lora_a").array
        let b = try file.floats(name + ".lora_b").array
        let shape = try #require(file.header.tensor(named: name + ".lora_b")?.shape)
        let (rank, rows) = (shape[0], shape[1])
        let columns = a.count / rank
        return (0..<rows * columns).map { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: columns)
            return (0..<rank).reduce(0) { sum, k in
                sum + Double(b[row * rank + k]) * Double(a[k * columns + column])
            } * alpha / Double(rank)
        }
    }

    @Test(arguments: GGUFArchitecture.allCases)
    func `the change of every weight is that of the converter`(architecture: GGUFArchitecture) throws {
        let model = GGUFModel(architecture)
        let base = try model.base
        let start = architecture == .bert ? "encoder.layer" : "model.layers"
        let sites = GGUFAdapterTests.sites.filter { $0.0 == architecture }.flatMap { site in
            (0..<2).map { layer in
                Site(
                    path: site.path.replacing("\(start).1", with: "\(start).\(layer)"),
                    inFeatures: site.shape[0],
                    outFeatures: site.shape[1])
            }
        }
        let adapter = try randomAdapter(sites, rank: 3, scale: 5.0 / 3, seed: 7)
        try folder.makeFolder("base")
        try folder.write(Self.configuration(architecture), to: "base/config.json")
        try folder.makeFolder("adapter")
        for file in try PEFTWriter.files(for: adapter, template: PEFTTemplate(), provenance: [:]) {
            try folder.write(file.contents, to: "adapter/\(file.name)")
        }
        try LlamaConverter.run([
            LlamaConverter.folder + "/convert_lora_to_gguf.py", "--base", folder("base"), "--outtype", "f32",
            "--outfile", folder("converted.gguf"), folder("adapter"),
        ])
        let writer = try GGUFAdapterWriter.file(for: adapter, base: base, type: .float32, provenance: [:])
        try folder.write(writer.bytes(), to: "written.gguf")
        let own = try GGUFFile(path: folder("written.gguf"))
        let other = try GGUFFile(path: folder("converted.gguf"))
        #expect(Set(own.header.tensors.map(\.name)) == Set(other.header.tensors.map(\.name)))
        #expect(own.header.tensors.count == 2 * sites.count)
        for key in ["general.architecture", "general.type", "adapter.type", "adapter.lora.alpha"] {
            #expect(own.header.field(key) == other.header.field(key), "\(key)")
        }
        for tensor in own.header.tensors where tensor.name.hasSuffix(".lora_a") {
            let name = String(tensor.name.dropLast(7))
            let (ours, theirs) = (try change(name, in: own), try change(name, in: other))
            #expect(ours == theirs, "\(name)")
            #expect(tensor.shape == other.header.tensor(named: tensor.name)?.shape)
        }
    }

    @Test func `the gguf package reads what is written`() throws {
        let sites = [Site(path: "model.layers.0.self_attn.q_proj", inFeatures: 8, outFeatures: 16)]
        let adapter = try randomAdapter(sites, rank: 3)
        for (type, name) in [(GGUFWriter.ElementType.float32, "F32"), (.float16, "F16")] {
            let writer = try GGUFAdapterWriter.file(
                for: adapter, base: GGUFModel(.llama).base, type: type,
                provenance: ["sglorad.provenance": "{\"seed\":7}"])
            try folder.write(writer.bytes(), to: "written.gguf")
            let script = """
                import sys
                sys.path.insert(1, sys.argv[1] + '/gguf-py')
                import gguf
                file = gguf.GGUFReader(sys.argv[2])
                text = lambda key: bytes(file.fields[key].parts[-1]).decode()
                assert text('general.architecture') == 'llama', text('general.architecture')
                assert text('sglorad.provenance') == '{"seed":7}'
                tensors = {t.name: t for t in file.tensors}
                assert set(tensors) == {'blk.0.attn_q.weight.lora_a', 'blk.0.attn_q.weight.lora_b'}, tensors
                a = tensors['blk.0.attn_q.weight.lora_a']
                assert a.tensor_type.name == '\(name)' and list(a.shape) == [8, 3], (a.tensor_type, a.shape)
                assert abs(float(a.data[0][0]) - \(adapter.parameters[0])) < 2e-3
                """
            try LlamaConverter.run(["-c", script, LlamaConverter.folder, folder("written.gguf")])
        }
    }
}
