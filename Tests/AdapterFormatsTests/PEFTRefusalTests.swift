import AdapterFormats
import ErrorModel
import Foundation
import LowRank
import TestSupport
import Testing

@Suite("Rejecting PEFT folders")
struct PEFTRefusalTests {
    private let fixture: PEFTFixture
    private let sound = PEFTFixture.pair("layer.0.query")
    init() throws { fixture = try PEFTFixture() }

    /// Expects an error whose message contains each of the parts.
    private func refused(
        _ tensors: [PEFTFixture.Tensor], _ members: String = "", _ parts: [String],
        code: SgloradError.Code = .invalidFile,
        _ location: SourceLocation = #_sourceLocation
    ) {
        let message = refusal(code, location) { try fixture.read(tensors, members) }?.message ?? ""
        for part in parts { #expect(message.contains(part), "\(message)", sourceLocation: location) }
    }

    @Test(arguments: [
        (#""use_dora":true"#, "DoRA"), (#""modules_to_save":["classifier","score"]"#, "modules_to_save"),
        (#""bias":"all""#, "bias"), (#""bias":"lora_only""#, "bias"), (#""lora_bias":true"#, "lora_bias"),
        (#""trainable_token_indices":[1]"#, "trainable_token_indices"),
        (#""trainable_token_indices":{"embed_tokens":[1]}"#, "trainable_token_indices"),
        (#""target_parameters":["experts.w1"]"#, "target_parameters"),
        (#""layer_replication":[[0,4]]"#, "layer_replication"),
        (#""alora_invocation_tokens":[5]"#, "alora_invocation_tokens"), (#""use_qalora":true"#, "use_qalora"),
        (#""use_bdlora":{"x":1}"#, "use_bdlora"), (#""init_lora_weights":"pissa_niter_4""#, "pissa"),
        (#""init_lora_weights":"olora""#, "olora"), (#""rank_pattern":{".*query":8}"#, "rank_pattern"),
        (#""alpha_pattern":{"(a+)+$":8}"#, "alpha_pattern"), (#""alpha_pattern":{"":8}"#, "alpha_pattern"),
    ])
    func `unsupported features are rejected by name, with a remedy`(
        members: String, feature: String
    ) throws {
        let error = refusal(.unsupportedAdapter) { try fixture.read(sound, members) }
        #expect(error?.message.contains(feature) == true)
        guard case .string(let remedy)? = error?.parameters["remedy"] else {
            return #expect(Bool(false), "no remedy")
        }
        #expect(remedy.hasSuffix("."))
    }

    @Test(arguments: [
        (#""use_dora":false,"modules_to_save":null,"bias":"none","lora_bias":false,"alora_invocation_tokens":null"#),
        (#""modules_to_save":[],"target_parameters":null,"layer_replication":null,"trainable_token_indices":null"#),
        (#""init_lora_weights":"gaussian","eva_config":{"rho":2.0},"megatron_config":null,"use_qalora":false"#),
    ])
    func `the same fields with inactive values are accepted`(members: String) throws {
        #expect(try fixture.read(sound, members).checkpoints.count == 1)
    }

    @Test func `another PEFT type and a missing one are rejected`() throws {
        try fixture.weights(sound)
        try fixture.folder.write(#"{"peft_type":"IA3"}"#, to: "adapter_config.json")
        #expect(refusal(.unsupportedAdapter) { try fixture.read() }?.message.contains("'IA3'") == true)
        try fixture.folder.write(#"{"r":8}"#, to: "adapter_config.json")
        #expect(refusal(.invalidFile) { try fixture.read() }?.message.contains("peft_type") == true)
    }

    @Test(arguments: [
        "", "[]", "null", "{", #"{"peft_type":"LORA","peft_type":"LORA"}"#, #"{"peft_type":1}"#,
        #"{"peft_type":"LORA",}"#,
        "\u{FEFF}{\"peft_type\":\"LORA\"}",
    ])
    func `a configuration that is not a JSON object is rejected`(text: String) throws {
        try fixture.weights(sound)
        try fixture.folder.write(text, to: "adapter_config.json")
        #expect(
            refusal(.invalidFile) { try fixture.read() }?.parameters["file"] == .string("adapter_config.json")
        )
    }

    @Test(arguments: [
        #""r":0"#, #""r":-8"#, #""r":4097"#, #""r":8.0"#, #""r":"8""#, #""r":true"#, #""lora_alpha":0"#,
        #""lora_alpha":"8""#, #""lora_alpha":1e999"#, #""use_rslora":1"#, #""rank_pattern":[]"#,
        #""rank_pattern":{"query":0}"#, #""rank_pattern":{"query":"8"}"#, #""alpha_pattern":{"query":0}"#,
        #""alpha_pattern":{"query":1e999}"#, #""target_modules":[1]"#, #""target_modules":5"#, #""bias":1"#,
        #""base_model_name_or_path":5"#, #""task_type":{}"#, #""fan_in_fan_out":"no""#,
    ])
    func `invalid values are rejected by field`(members: String) throws {
        let error = refusal(.invalidFile) { try fixture.read(sound, members) }
        let field = try #require(members.split(separator: "\"").first)
        #expect(error?.message.contains(field) == true, "\(error?.message ?? "")")
    }

    @Test func `a scale outside single precision is rejected`() throws {
        refused(sound, #""lora_alpha":1e300"#, ["layer.0.query", "scale"])
        refused(sound, #""lora_alpha":1e-300"#, ["layer.0.query", "scale"])
    }

    @Test func `a missing factor is named`() throws {
        refused([sound[0]], "", ["lora_B", "'layer.0.query'"])
        refused([sound[1]], "", ["lora_A", "'layer.0.query'"])
        refused([], "", ["no LoRA factors"])
    }

    @Test(arguments: [
        "base_model.model.layer.0.query.weight", "layer.0.query.lora_A.weight",
        "base_model.model.lora_A.weight",
        "base_model.model.x..lora_A.weight", "base_model.model.x.lora_C.weight",
        "base_model.model.x.lora_A.bias2",
        "base_model.model.x.lora_A", "x", "base_model.x.y.lora_A.weight", "",
    ])
    func `an unknown tensor is named`(name: String) throws {
        refused(sound + [PEFTFixture.Tensor(name, [8, 3])], "", ["unknown tensor '\(name)'"])
    }

    @Test(arguments: [
        ("base_model.model.layer.0.query.lora_magnitude_vector", "DoRA"),
        ("base_model.model.layer.0.query.lora_magnitude_vector.default.weight", "DoRA"),
        ("base_model.model.embed.lora_embedding_A", "embeddings"),
        ("base_model.model.embed.lora_embedding_B", "embeddings"),
        ("base_model.model.layer.0.query.lora_B.bias", "lora_bias"),
        ("base_model.model.classifier.weight", "modules_to_save"),
        ("base_model.model.classifier.bias", "modules_to_save"),
        ("base_model.model.score.weight", "modules_to_save"),
        ("base_model.model.classifier.out_proj.weight", "modules_to_save"),
        ("base_model.model.layer.0.query.bias", "biases"),
        ("base_model.model.lm_head.weight", "embedding layers"),
        ("base_model.model.embed_tokens.trainable_tokens_delta", "trainable_token_indices"),
    ])
    func `tensors of unsupported features are rejected by feature`(name: String, feature: String) throws {
        refused(sound + [PEFTFixture.Tensor(name, [4])], "", [feature], code: .unsupportedAdapter)
    }

    @Test func `inconsistent ranks are rejected`() throws {
        let lopsided = [sound[0], PEFTFixture.Tensor(sound[1].name, [4, 7])]
        refused(lopsided, "", ["rank 8", "7", "lora_A", "lora_B"])
        refused(sound, #""r":4"#, ["rank 8", "4", "adapter_config.json"])
        refused(sound, #""r":8,"rank_pattern":{"query":4}"#, ["rank 8", "4"])
    }

    @Test func `shapes other than matrices are rejected`() throws {
        refused([PEFTFixture.Tensor(sound[0].name, [8]), sound[1]], "", ["lora_A", "1 dimensions"])
        refused([PEFTFixture.Tensor(sound[0].name, []), sound[1]], "", ["0 dimensions"])
        refused(
            [PEFTFixture.Tensor(sound[0].name, [8, 3, 1, 1]), sound[1]], "", ["convolution"],
            code: .unsupportedAdapter)
        refused([PEFTFixture.Tensor(sound[0].name, [8, 0]), sound[1]], "", ["dimension of 0"])
        refused([sound[0], PEFTFixture.Tensor(sound[1].name, [0, 8])], "", ["dimension of 0"])
        refused(
            [PEFTFixture.Tensor(sound[0].name, [0, 3]), PEFTFixture.Tensor(sound[1].name, [4, 0])], "",
            ["dimension of 0"])
    }

    @Test(arguments: [0, 1]) func `NaN is found in either factor`(half: Int) throws {
        var tensors = sound
        var values = [Float](repeating: 1, count: tensors[half].shape.reduce(1, *))
        values[5] = .nan
        tensors[half].values = values
        refused(tensors, "", [tensors[half].name, "index 5"])
    }

    @Test func `other element types are rejected`() throws {
        let header =
            #"{"base_model.model.x.lora_A.weight":{"dtype":"I8","shape":[8,1],"data_offsets":[0,8]},"#
            + #""base_model.model.x.lora_B.weight":{"dtype":"I8","shape":[1,8],"data_offsets":[8,16]}}"#
        try fixture.configuration()
        try fixture.folder.write(
            safetensors(header, data: [UInt8](repeating: 0, count: 16)), to: "adapter_model.safetensors")
        #expect(refusal(.invalidFile) { try fixture.read() }?.message.contains("I8") == true)
    }

    @Test func `a very long path is rejected`() throws {
        refused(PEFTFixture.pair(String(repeating: "a.", count: 600) + "b"), "", ["1024 bytes"])
    }

    @Test func `missing files, pickles and symbolic links are rejected`() throws {
        #expect(
            refusal(.invalidFile) { try fixture.read() }?.message.contains("adapter_config.json: is missing")
                == true)
        try fixture.configuration()
        #expect(
            refusal(.invalidFile) { try fixture.read() }?.message.contains("safe_serialization=True") == true)
        try fixture.folder.write("x", to: "adapter_model.bin")
        let pickle = refusal(.unsupportedAdapter) { try fixture.read() }
        #expect(pickle?.message.contains("adapter_model.bin") == true)
        #expect(pickle?.message.contains("safe_serialization=True") == true)
        let path = fixture.folder.path
        try fixture.weights(sound, to: "elsewhere")
        try FileManager.default.createSymbolicLink(
            atPath: "\(path)/adapter_model.safetensors", withDestinationPath: "\(path)/elsewhere")
        #expect(refusal(.invalidFile) { try fixture.read() }?.message.contains("symbolic link") == true)
        #expect(
            refusal(.invalidFile) { try PEFTFolder.read(directory: path + "/none") }?.message.contains(
                "No such file")
                == true)
    }

    @Test func `a checkpoint that does not match the folder's own adapter is left out`() throws {
        try fixture.configuration()
        try fixture.weights(sound)
        let weights = "checkpoint-3/adapter_model.safetensors"
        func refused(_ part: String, _ location: SourceLocation = #_sourceLocation) throws {
            let folder = try fixture.read()
            #expect(folder.checkpoints.map(\.name) == [""], sourceLocation: location)
            let omission = try #require(folder.omissions.first, sourceLocation: location)
            #expect(
                omission.name == "checkpoint-3" && omission.reason.contains(part), "\(omission)",
                sourceLocation: location)
        }
        try fixture.configuration(to: "checkpoint-3/adapter_config.json")
        try refused("is missing")
        try fixture.weights(PEFTFixture.pair("layer.1.query"), to: weights)
        try refused("'layer.1.query'")
        try fixture.weights(sound + PEFTFixture.pair("layer.1.query"), to: weights)
        try refused("2 sites")
        try fixture.weights(PEFTFixture.pair("layer.0.query", inFeatures: 5), to: weights)
        try refused("different shape")
        try fixture.weights(PEFTFixture.pair("layer.0.query", rank: 4), to: weights)
        try refused("rank 4")
        try fixture.configuration(#""r":4,"lora_alpha":4"#, to: "checkpoint-3/adapter_config.json")
        try refused("rank 4")
        try fixture.weights(sound, to: weights)
        try fixture.configuration(#""lora_alpha":4"#, to: "checkpoint-3/adapter_config.json")
        try refused("scale 0.5")
        try fixture.configuration(#""fan_in_fan_out":true"#, to: "checkpoint-3/adapter_config.json")
        try refused("fan_in_fan_out")
        try fixture.configuration(to: "checkpoint-3/adapter_config.json")
        #expect(try fixture.read().checkpoints.count == 2)
    }

    @Test func `a checkpoint of another base model is left out`() throws {
        try fixture.configuration(#""base_model_name_or_path":"one""#)
        try fixture.weights(sound)
        try fixture.weights(sound, to: "checkpoint-1/adapter_model.safetensors")
        try fixture.configuration(#""base_model_name_or_path":"two""#, to: "checkpoint-1/adapter_config.json")
        #expect(try fixture.read().omissions.first?.reason.contains("'two'") == true)
        try fixture.configuration(to: "checkpoint-1/adapter_config.json")
        #expect(try fixture.read().checkpoints.count == 2)
    }

    @Test func `matching many patterns at many sites is fast`() throws {
        let patterns = (0..<60_000).map { "\"m\($0).x\":8" }.joined(separator: ",")
        let tensors = (0..<2_000).flatMap {
            PEFTFixture.pair("layer.\($0).query", inFeatures: 1, outFeatures: 1)
        }
        let folder = try fixture.read(
            tensors, "\"rank_pattern\":{\(patterns)},\"alpha_pattern\":{\"1999.query\":16}")
        #expect(folder.checkpoints[0].factors.count == 2_000)
        #expect(
            folder.checkpoints[0].factors.filter { $0.scale == 2 }.map(\.site.path) == ["layer.1999.query"])
    }
}
