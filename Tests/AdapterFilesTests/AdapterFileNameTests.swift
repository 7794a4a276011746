import AdapterFiles
import Testing

@Suite("Names of an adapter's files")
struct AdapterFileNameTests {
    @Test(arguments: [
        ("checkpoint-0", 0), ("checkpoint-100", 100), ("checkpoint-0100", nil), ("checkpoint-last", nil),
        ("checkpoint-", nil), ("checkpoint--1", nil), ("checkpoint-+1", nil), ("checkpoint-1 ", nil),
        ("checkpoint-99999999999999999999", nil), ("tmp-checkpoint-7", nil), ("Checkpoint-7", nil),
        ("checkpoint-٣", nil), ("", nil),
    ])
    func `a checkpoint has a plain number`(name: String, number: Int?) {
        #expect(AdapterFileName.checkpointNumber(ofFolder: name) == number)
        #expect(AdapterFileName.isRelevant("\(name)/adapter_model.safetensors") == (number != nil))
        #expect(AdapterFileName.isRelevant("\(name)/adapter_config.json") == (number != nil))
        #expect(!AdapterFileName.isRelevant("\(name)/optimizer.pt"))
    }

    @Test func `a folder that only looks like a checkpoint is known`() {
        for name in ["checkpoint-0100", "checkpoint-last", "tmp-checkpoint-7", "Checkpoint_3"] {
            #expect(AdapterFileName.resemblesCheckpoint(name))
        }
        for name in ["checkpoint-7", "runs", ""] { #expect(!AdapterFileName.resemblesCheckpoint(name)) }
    }

    @Test func `only an adapter's own files are relevant`() {
        #expect(AdapterFileName.isRelevant("adapter_config.json"))
        #expect(AdapterFileName.isRelevant("adapter_model.safetensors"))
        for name in [
            "adapter_model.bin", "../adapter_config.json", "checkpoint-1/x/adapter_config.json",
            "checkpoint-1",
            "checkpoint-1/", "/adapter_config.json", "",
        ] { #expect(!AdapterFileName.isRelevant(name)) }
    }
}
