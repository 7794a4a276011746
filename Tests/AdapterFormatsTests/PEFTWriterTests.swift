import AdapterFormats
import ErrorModel
import Foundation
import LinearAlgebra
import LowRank
import TestSupport
import Testing

@Suite("Writing PEFT folders")
struct PEFTWriterTests {
    private let folder: TemporaryFolder
    private let template = PEFTTemplate(
        baseModelName: "sentence-transformers/all-MiniLM-L6-v2", taskType: "FEATURE_EXTRACTION",
        targetModules: ["query", "value"])
    init() throws { folder = try TemporaryFolder() }

    private func adapter(_ paths: [String], rank: Int = 2, scale: Float = 2) throws -> LoRAAdapter {
        let sites = paths.map { Site(path: $0, inFeatures: 3, outFeatures: 2) }
        let layout = try AdapterLayout(sites: sites, rank: rank, scale: scale)
        var random = CounterRandom(seed: 1)
        return LoRAAdapter(layout: layout, parameters: random.gaussians(layout.parameterCount))
    }

    private struct Configuration: Decodable {
        let baseModelNameOrPath: String?
        let taskType: String?
        let targetModules: [String]
        let fanInFanOut: Bool
    }

    private func configuration(_ adapter: LoRAAdapter, _ template: PEFTTemplate) throws -> Configuration {
        let files = try PEFTWriter.files(for: adapter, template: template, provenance: [:])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Configuration.self, from: Data(files[0].contents))
    }

    @Test func `the configuration is written exactly`() throws {
        let files = try PEFTWriter.files(
            for: adapter(["layer.0.value", "layer.0.query"]), template: template, provenance: [:])
        #expect(files.map(\.name) == ["adapter_config.json", "adapter_model.safetensors"])
        #expect(
            String(decoding: files[0].contents, as: UTF8.self) == """
                {
                  "alpha_pattern": {},
                  "base_model_name_or_path": "sentence-transformers/all-MiniLM-L6-v2",
                  "bias": "none",
                  "fan_in_fan_out": false,
                  "inference_mode": true,
                  "init_lora_weights": true,
                  "lora_alpha": 4,
                  "lora_dropout": 0.0,
                  "modules_to_save": null,
                  "peft_type": "LORA",
                  "r": 2,
                  "rank_pattern": {},
                  "target_modules": [
                    "query",
                    "value"
                  ],
                  "task_type": "FEATURE_EXTRACTION",
                  "use_dora": false,
                  "use_rslora": false
                }

                """)
    }

    @Test func `the weights have PEFT's names, shapes and order, and carry the provenance`() throws {
        let adapter = try adapter(["layer.0.value", "layer.0.query"])
        let files = try PEFTWriter.files(
            for: adapter, template: template, provenance: ["sglorad.seed": "7", "format": "tf"])
        let path = try folder.write(files[1].contents, to: "weights")
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == ["format": "pt", "sglorad.seed": "7"])
        #expect(
            file.tensors.map(\.name) == [
                "base_model.model.layer.0.query.lora_A.weight",
                "base_model.model.layer.0.query.lora_B.weight",
                "base_model.model.layer.0.value.lora_A.weight",
                "base_model.model.layer.0.value.lora_B.weight",
            ])
        #expect(file.tensors.map(\.shape) == [[2, 3], [2, 2], [2, 3], [2, 2]])
        #expect(file.tensors.allSatisfy { $0.type == .float32 })
        // The order in the file is the order in the vector.
        #expect(Array(files[1].contents.suffix(adapter.parameters.count * 4)) == bytes(adapter.parameters))
    }

    @Test(
        arguments: [
            (1, Float(2)), (3, 5.0 / 3), (7, 0.1), (8, 22.627417 / 8), (4096, 1e-20), (5, -1), (2, 1e20),
            (3, 1),
        ] as [(Int, Float)])
    func `sites, parameters, rank and scale survive a round trip`(rank: Int, scale: Float) throws {
        let adapter = try adapter(["b.query", "a.value", "é.query"], rank: rank, scale: scale)
        let folder = try self.folder.rewritten(adapter, template, provenance: ["x": "y"])
        #expect(folder.template == template)
        let factors = try #require(folder.checkpoints.first?.factors)
        let layout = try AdapterLayout(of: factors)
        #expect(layout == adapter.layout)
        #expect(try layout.place(factors).parameters == adapter.parameters)
    }

    @Test func `alpha is a whole number if possible`() throws {
        func alpha(_ rank: Int, _ scale: Float) throws -> String {
            let files = try PEFTWriter.files(
                for: adapter(["query"], rank: rank, scale: scale), template: template, provenance: [:])
            let text = String(decoding: files[0].contents, as: UTF8.self)
            return try String(#require(text.firstMatch(of: /"lora_alpha": ([^,]+),/)?.output.1))
        }
        #expect(try alpha(4, 2) == "8")
        #expect(try alpha(3, 5.0 / 3) == "5")
        #expect(try alpha(4, 0.625) == "2.5")
    }

    @Test func `the template's modules are written if they cover all sites, else full paths`() throws {
        let paths = ["x.layer.0.query", "x.layer.0.value"]
        func modules(_ names: [String]?) throws -> [String] {
            var template = template
            template.targetModules = names
            return try configuration(adapter(paths), template).targetModules
        }
        #expect(try modules(["value", "query"]) == ["query", "value"])
        #expect(try modules(["x.layer.0.query", "0.value", "key"]) == ["0.value", "key", "x.layer.0.query"])
        for names in [nil, ["query"], ["query", "alue"], ["query", "layer.0"], []] {
            #expect(try modules(names) == paths)
        }
    }

    @Test func `a missing base name is null, and text is escaped`() throws {
        let nameless = try configuration(adapter(["query"]), PEFTTemplate(fanInFanOut: true))
        #expect(nameless.baseModelNameOrPath == nil && nameless.taskType == nil && nameless.fanInFanOut)
        let odd = try configuration(adapter(["query"]), PEFTTemplate(baseModelName: "é\"\\\n"))
        #expect(odd.baseModelNameOrPath == "é\"\\\n")
    }

    @Test func `the same adapter gives the same bytes`() throws {
        let provenance = Dictionary(uniqueKeysWithValues: (0..<30).map { ("key\($0)", "\($0)") })
        let reversed = Dictionary(uniqueKeysWithValues: (0..<30).reversed().map { ("key\($0)", "\($0)") })
        let paths = (0..<20).map { "layer.\($0).query" }
        let first = try PEFTWriter.files(for: adapter(paths), template: template, provenance: provenance)
        let second = try PEFTWriter.files(for: adapter(paths), template: template, provenance: reversed)
        #expect(first.map(\.contents) == second.map(\.contents))
    }

    @Test func `invalid parameters and paths are not written`() throws {
        let good = try adapter(["query"])
        for number in [Float.nan, .infinity] {
            var parameters = good.parameters
            parameters[3] = number
            let bad = LoRAAdapter(layout: good.layout, parameters: parameters)
            let error = refusal(.internal) {
                try PEFTWriter.files(for: bad, template: template, provenance: [:])
            }
            #expect(error?.message.contains("parameter 3") == true)
        }
        let odd = try adapter(["que\u{0}ry"])
        _ = refusal(.layoutMismatch) { try PEFTWriter.files(for: odd, template: template, provenance: [:]) }
    }
}
