import AdapterFormats
import ErrorModel
import LowRank
import TestSupport
import Testing

/// Names of tensors as training tools leave them.
@Suite("Wrapped names in PEFT folders")
struct WrappedNamesTests {
    private let fixture: PEFTFixture
    init() throws { fixture = try PEFTFixture() }

    /// A and B with a name around `lora_A`, which is written `*`.
    private func pair(_ name: String, rank: Int = 8) -> [PEFTFixture.Tensor] {
        [
            PEFTFixture.Tensor(name.replacing("*", with: "lora_A"), [rank, 3]),
            PEFTFixture.Tensor(name.replacing("*", with: "lora_B"), [4, rank]),
        ]
    }

    @Test(arguments: [
        ("base_model.model._orig_mod.encoder.0.query.*.weight", ["_orig_mod"]),
        ("_orig_mod.base_model.model.encoder.0.query.*.weight", ["_orig_mod"]),
        ("base_model.model.module.encoder.0.query.*.weight", ["module"]),
        ("module.base_model.model.encoder.0.query.*.weight", ["module"]),
        ("module.module.base_model.model.module.encoder.0.query.*.default.weight", ["module"]),
        ("base_model.model.module._orig_mod.encoder.0.query.*.weight", ["_orig_mod", "module"]),
        ("base_model.model._orig_mod.module.encoder.0.query.*.weight", ["_orig_mod", "module"]),
        (
            "_fsdp_wrapped_module.base_model.model.encoder.0._fsdp_wrapped_module.query.*.default."
                + "_fsdp_wrapped_module.weight", ["_fsdp_wrapped_module"]
        ),
        (
            "base_model.model.encoder._fsdp_wrapped_module.0._checkpoint_wrapped_module.query.*.weight",
            ["_checkpoint_wrapped_module", "_fsdp_wrapped_module"]
        ),
        ("base_model.model._fpw_module.encoder.0.query.*.weight", ["_fpw_module"]),
        ("_forward_module.base_model.model.encoder.0.query.*.weight", ["_forward_module"]),
        ("base_model.model.base_model.model.encoder.0.query.*.weight", ["base_model.model"]),
        ("base_model.model.encoder.0.query.*.default.weight", []),
        ("base_model.model.encoder.0.query.*.weight", []),
    ])
    func `wrappers are no part of a site's path`(name: String, wrappers: [String]) throws {
        let folder = try fixture.read(pair(name))
        #expect(folder.checkpoints[0].factors.map(\.site.path) == ["encoder.0.query"])
        #expect(folder.names.wrappers == wrappers)
        #expect(folder.names.count == 2 && folder.names.example == name.replacing("*", with: "lora_A"))
    }

    @Test func `a module of the model that is called module stays`() throws {
        let folder = try fixture.read(pair("base_model.model.encoder.module.query.*.weight"))
        #expect(folder.checkpoints[0].factors.map(\.site.path) == ["encoder.module.query"])
        #expect(folder.names.wrappers.isEmpty)
    }

    @Test func `ranks, scales and targets are found under wrapped paths`() throws {
        let folder = try fixture.read(
            pair("base_model.model._orig_mod.encoder.0.query.*.weight", rank: 4),
            #""r":8,"lora_alpha":8,"rank_pattern":{"^_orig_mod.encoder.0.query":4},"#
                + #""alpha_pattern":{"_orig_mod.encoder.0.query":16},"target_modules":["_orig_mod.encoder.0.query"]"#
        )
        #expect(folder.checkpoints[0].factors[0].rank == 4 && folder.checkpoints[0].factors[0].scale == 4)
        #expect(folder.template.targetModules == ["encoder.0.query"])
    }

    @Test func `one factor under two names is refused`() throws {
        let error = refusal(.invalidFile) {
            try fixture.read(
                pair("base_model.model.encoder.query.*.weight")
                    + pair("base_model.model._orig_mod.encoder.query.*.weight"))
        }
        #expect(error?.message.contains("same factor twice") == true)
    }

    @Test(arguments: [
        ("base_model.model.encoder.query.base_layer.*.weight", "merge_and_unload"),
        ("base_model.model.encoder.query.base_layer.weight", "the whole model's weights"),
    ])
    func `another adapter's layers are refused by name`(name: String, part: String) throws {
        let error = refusal(.unsupportedAdapter) {
            try fixture.read(
                pair("base_model.model.encoder.0.query.*.weight") + [
                    PEFTFixture.Tensor(name.replacing("*", with: "lora_A"), [8, 3])
                ])
        }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }
}
