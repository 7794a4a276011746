import AdapterFormats
import Foundation
import LowRank
import TestSupport
import Testing

private let zoo = Places.shared + "/zoo"

@Suite(
    "The experts of the example zoo",
    .enabled(if: Places.hasShared("zoo"), "needs ../shared/zoo beside the repository"))
struct ZooTests {
    @Test func `all experts are read and share one layout`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: zoo).sorted()
        var layouts: Set<AdapterLayout> = []
        for name in names {
            let folder = try PEFTFolder.read(directory: "\(zoo)/\(name)")
            #expect(folder.checkpoints.map(\.name) == [""] + (1...7).map { "checkpoint-\($0)" })
            #expect(
                folder.template
                    == PEFTTemplate(
                        baseModelName: "sentence-transformers/all-MiniLM-L6-v2",
                        taskType: "FEATURE_EXTRACTION",
                        targetModules: ["query", "value"]))
            for checkpoint in folder.checkpoints { layouts.insert(try AdapterLayout(of: checkpoint.factors)) }
        }
        let layout = try #require(layouts.first)
        #expect(names.count > 8 && layouts.count == 1)
        #expect(
            layout.parameterCount == 36_864 && layout.rank == 4 && layout.scale == 2
                && layout.sites.count == 12)
    }

    @Test func `a rewritten expert is the same adapter`() throws {
        let folder = try PEFTFolder.read(directory: "\(zoo)/bank-0")
        let layout = try AdapterLayout(of: folder.checkpoints[0].factors)
        let adapter = try layout.place(folder.checkpoints[0].factors)
        let copy = try TemporaryFolder()
        let again = try copy.rewritten(adapter, folder.template)
        #expect(again.template == folder.template)
        #expect(try layout.place(again.checkpoints[0].factors).parameters == adapter.parameters)
        // The zoo's configurations were written by PEFT: keys and values must be the same.
        #expect(
            try String(contentsOfFile: "\(copy.path)/adapter_config.json", encoding: .utf8)
                == String(contentsOfFile: "\(zoo)/bank-0/adapter_config.json", encoding: .utf8) + "\n")
    }
}
