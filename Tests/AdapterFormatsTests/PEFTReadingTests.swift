import AdapterFormats
import ErrorModel
import Foundation
import LowRank
import TestSupport
import Testing

@Suite("Reading PEFT folders")
struct PEFTReadingTests {
    private let fixture: PEFTFixture
    init() throws { fixture = try PEFTFixture() }

    @Test func `only peft_type is needed; r and lora_alpha are 8`() throws {
        let folder = try fixture.read(PEFTFixture.pair("layer.0.query"))
        let factor = try #require(folder.checkpoints.first?.factors.first)
        #expect(folder.checkpoints.map(\.name) == [""])
        #expect(factor.site == Site(path: "layer.0.query", inFeatures: 3, outFeatures: 4))
        #expect(factor.rank == 8 && factor.scale == 1)
        #expect(factor.a == (1...24).map { Float($0) })
        #expect(factor.b == (1...32).map { Float($0) })
        #expect(folder.template == PEFTTemplate())
    }

    @Test func `the template keeps the fields that written adapters repeat`() throws {
        let folder = try fixture.read(
            PEFTFixture.pair("layer.0.query"),
            #""base_model_name_or_path":"base","task_type":"CAUSAL_LM","target_modules":["value","query","value"],"#
                + #""fan_in_fan_out":true,"future_key":[1],"megatron_core":"megatron.core","loftq_config":{"bits":4}"#
        )
        #expect(
            folder.template
                == PEFTTemplate(
                    baseModelName: "base", taskType: "CAUSAL_LM", targetModules: ["query", "value"],
                    fanInFanOut: true))
        let data = try JSONEncoder().encode(folder.template)
        #expect(try JSONDecoder().decode(PEFTTemplate.self, from: data) == folder.template)
    }

    @Test(arguments: [
        #""target_modules":".*query""#, #""target_modules":["query"],"layers_to_transform":[0]"#,
        #""target_modules":["query"],"layers_to_transform":0"#,
        #""target_modules":["query"],"layers_pattern":"layer""#,
        #""target_modules":["query"],"exclude_modules":["x"]"#, #""target_modules":[]"#,
        #""target_modules":null"#,
    ])
    func `target modules that do not define the sites by themselves are not kept`(members: String) throws {
        #expect(try fixture.read(PEFTFixture.pair("layer.0.query"), members).template.targetModules == nil)
    }

    @Test(arguments: [
        "model.layers.0.self_attn.q_proj", "model.layers.31.mlp.down_proj",
        "bert.encoder.layer.0.attention.self.query",
        "model.language_model.layers.3.self_attn.o_proj", "transformer.h.0.attn.c_attn", "lm_head",
    ])
    func `module paths of Llama, Qwen, Gemma, BERT and GPT-2 are read`(path: String) throws {
        #expect(try fixture.read(PEFTFixture.pair(path)).checkpoints[0].factors.map(\.site.path) == [path])
    }

    @Test func `an adapter's name in a tensor name is not part of the path`() throws {
        let tensors = [
            PEFTFixture.Tensor("base_model.model.a.b.lora_A.default.weight", [8, 3]),
            PEFTFixture.Tensor("base_model.model.a.b.lora_B.default.weight", [4, 8]),
        ]
        #expect(try fixture.read(tensors).checkpoints[0].factors.map(\.site.path) == ["a.b"])
        let mixed = [tensors[0], PEFTFixture.Tensor("base_model.model.a.b.lora_B.other.weight", [4, 8])]
        #expect(
            refusal(.invalidFile) { try fixture.read(mixed) }?.message.contains("more than one adapter")
                == true)
        let both = tensors + PEFTFixture.pair("a.b")
        #expect(
            refusal(.invalidFile) { try fixture.read(both) }?.message.contains("more than one adapter")
                == true)
    }

    @Test func `rsLoRA and patterns determine each site's rank and scale`() throws {
        let tensors =
            PEFTFixture.pair("layer.0.query", rank: 4) + PEFTFixture.pair("layer.1.query", rank: 2)
            + PEFTFixture.pair("layer.0.value", rank: 16) + PEFTFixture.pair("query", rank: 3)
        let members =
            #""r":4,"lora_alpha":16,"rank_pattern":{"layer.1.query":2,"value":16,"^query":3,"ery":99},"#
            + #""alpha_pattern":{"0.query":2.5,"query":10}"#
        func factors(_ more: String) throws -> [String: (Int, Float)] {
            let read = try fixture.read(tensors, members + more).checkpoints[0].factors
            return Dictionary(uniqueKeysWithValues: read.map { ($0.site.path, ($0.rank, $0.scale)) })
        }
        let plain = try factors("")
        #expect(try #require(plain["layer.0.query"]) == (4, 2.5 / 4))
        #expect(try #require(plain["layer.1.query"]) == (2, 10 / 2))
        #expect(try #require(plain["layer.0.value"]) == (16, 1))
        #expect(try #require(plain["query"]) == (3, Float(10.0 / 3)))
        let stabilised = try factors(#","use_rslora":true"#)
        #expect(try #require(stabilised["layer.0.query"]) == (4, 1.25))
        #expect(try #require(stabilised["layer.1.query"]) == (2, Float(10 / 2.0.squareRoot())))
        #expect(try #require(stabilised["layer.0.value"]) == (16, 4))
    }

    @Test func `the first pattern in the file's order wins`() throws {
        let tensors = PEFTFixture.pair("layer.0.query")
        for (pattern, scale) in [
            (#"{"query":16,"0.query":24}"#, Float(2)), (#"{"0.query":24,"query":16}"#, 3),
            (#"{"0xquery":32,"uery":32,"layer.0":32,"^0.query":32}"#, 1),
            (#"{"^layer.0.query":40,"query":8}"#, 5),
        ] {
            #expect(
                try fixture.read(tensors, "\"alpha_pattern\":\(pattern)").checkpoints[0].factors[0].scale
                    == scale)
        }
    }

    @Test(arguments: [SafetensorsWriter.ElementType.float32, .float16]) func `F32 and F16 weights are read`(
        type: SafetensorsWriter.ElementType
    ) throws {
        try fixture.configuration()
        try fixture.weights(PEFTFixture.pair("query"), as: type)
        #expect(try fixture.read().checkpoints[0].factors[0].a == (1...24).map { Float($0) })
    }

    @Test func `the folder comes first, then the checkpoints by number`() throws {
        let root = PEFTFixture.pair("query")
        try fixture.configuration(#""r":8,"lora_alpha":16"#)
        try fixture.weights(root)
        for number in [10, 9, 100] {
            var tensors = root
            tensors[0].values = [Float](repeating: Float(number), count: 24)
            try fixture.weights(tensors, to: "checkpoint-\(number)/adapter_model.safetensors")
        }
        try fixture.configuration(#""lora_alpha":16,"r":8"#, to: "checkpoint-9/adapter_config.json")
        for name in [
            "optimizer.pt", "checkpoint-9/trainer_state.json", "checkpoint-x/adapter_model.safetensors",
            "README.md",
        ] {
            try fixture.folder.write("x", to: name)
        }
        let folder = try fixture.read()
        #expect(folder.checkpoints.map(\.name) == ["", "checkpoint-9", "checkpoint-10", "checkpoint-100"])
        #expect(folder.checkpoints.map { $0.factors[0].a[0] } == [1, 9, 10, 100])
        #expect(folder.checkpoints.allSatisfy { $0.factors[0].scale == 2 })
    }

    @Test func `relevant file names`() {
        for name in [
            "adapter_config.json", "adapter_model.safetensors", "checkpoint-0/adapter_config.json",
            "checkpoint-12/adapter_model.safetensors",
        ] { #expect(PEFTFolder.isRelevant(name)) }
        for name in [
            "", "README.md", "checkpoint-1", "checkpoint-/adapter_config.json",
            "checkpoint-01/adapter_config.json",
            "checkpoint--1/adapter_config.json", "checkpoint-+1/adapter_config.json",
            "checkpoint-1/optimizer.pt",
            "checkpoint-1/x/adapter_config.json", "../adapter_config.json", "./adapter_config.json",
            "checkpoint-99999999999999999999/adapter_config.json", "/adapter_config.json",
            "adapter_model.bin",
        ] { #expect(!PEFTFolder.isRelevant(name), "\(name)") }
    }
}
