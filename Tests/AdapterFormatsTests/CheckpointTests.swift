import AdapterFormats
import ErrorModel
import TestSupport
import Testing

/// Checkpoints that are incomplete, damaged, or all there is.
@Suite("Checkpoints of PEFT folders")
struct CheckpointTests {
    private let fixture: PEFTFixture
    private let sound = PEFTFixture.pair("layer.0.query")
    init() throws { fixture = try PEFTFixture() }

    private func root() throws {
        try fixture.configuration()
        try fixture.weights(sound)
    }

    @Test func `a checkpoint without its own configuration takes the folder's`() throws {
        try root()
        try fixture.weights(sound, to: "checkpoint-100/adapter_model.safetensors")
        let folder = try fixture.read()
        #expect(folder.checkpoints.map(\.name) == ["", "checkpoint-100"] && folder.omissions.isEmpty)
    }

    @Test func `damaged checkpoints are left out, each with its reason`() throws {
        try root()
        try fixture.configuration(to: "checkpoint-1/adapter_config.json")
        try fixture.weights(sound, to: "checkpoint-2/adapter_model.safetensors")
        let whole = try fixture.folder.read("checkpoint-2/adapter_model.safetensors")
        try fixture.folder.write(whole.prefix(whole.count / 2), to: "checkpoint-3/adapter_model.safetensors")
        try fixture.folder.write(
            "version https://git-lfs.github.com/spec/v1\n", to: "checkpoint-4/adapter_model.safetensors")
        try fixture.folder.write("", to: "checkpoint-5/adapter_model.safetensors")
        try fixture.weights(sound, to: "checkpoint-6/adapter_model.safetensors")
        try fixture.folder.write("{", to: "checkpoint-6/adapter_config.json")
        try fixture.configuration(#""use_dora":true"#, to: "checkpoint-7/adapter_config.json")
        try fixture.weights(sound, to: "checkpoint-7/adapter_model.safetensors")
        try fixture.folder.write("{}", to: "checkpoint-8/trainer_state.json")
        let folder = try fixture.read()
        #expect(folder.checkpoints.map(\.name) == ["", "checkpoint-2"])
        #expect(folder.omissions.map(\.name) == [1, 3, 4, 5, 6, 7].map { "checkpoint-\($0)" })
        let reasons = ["missing", "cut short", "git lfs pull", "is empty", "not valid JSON", "DoRA"]
        for (omission, part) in zip(folder.omissions, reasons) {
            #expect(omission.reason.contains(part), "\(omission)")
        }
    }

    @Test func `without weights of its own, a folder's last sound checkpoint is the adapter`() throws {
        for number in [100, 200, 300] {
            try fixture.configuration(
                #""base_model_name_or_path":"m""#, to: "checkpoint-\(number)/adapter_config.json")
            try fixture.weights(sound, to: "checkpoint-\(number)/adapter_model.safetensors")
        }
        #expect(
            try fixture.read().checkpoints.map(\.name) == [
                "checkpoint-300", "checkpoint-100", "checkpoint-200",
            ])
        #expect(try fixture.read().template.baseModelName == "m")
        try fixture.folder.write("", to: "checkpoint-300/adapter_model.safetensors")
        let folder = try fixture.read()
        #expect(folder.checkpoints.map(\.name) == ["checkpoint-200", "checkpoint-100"])
        #expect(folder.omissions.map(\.name) == ["checkpoint-300"])
        for number in [100, 200] {
            try fixture.folder.write("", to: "checkpoint-\(number)/adapter_model.safetensors")
        }
        #expect(refusal(.invalidFile) { try fixture.read() }?.message.contains("checkpoint-300") == true)
    }

    @Test func `a folder's own damaged weights are not replaced by a checkpoint`() throws {
        try root()
        try fixture.weights(sound, to: "checkpoint-1/adapter_model.safetensors")
        try fixture.folder.write("<html>", to: "adapter_model.safetensors")
        #expect(refusal(.invalidFile) { try fixture.read() }?.message.contains("web page") == true)
    }

    @Test(arguments: [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n", "git lfs pull"),
        ("<!doctype html><html>", "web page"), ("\u{FEFF}{\"peft_type\":\"LORA\"}", "byte order mark"),
    ])
    func `a configuration that is something else is called what it is`(text: String, part: String) throws {
        try fixture.weights(sound)
        try fixture.folder.write(text, to: "adapter_config.json")
        let error = refusal(.invalidFile) { try fixture.read() }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test func `Arrow is refused by name`() throws {
        let error = refusal(.unsupportedAdapter) { try fixture.read(sound, #""arrow_config":{"top_k":3}"#) }
        #expect(error?.message.contains("arrow_config") == true)
        #expect(try fixture.read(sound, #""arrow_config":null"#).checkpoints.count == 1)
    }
}
