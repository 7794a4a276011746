import ErrorModel
import Foundation
import Glibc
import SgloradInterface
import TestSupport
import Testing

@testable import sglorad_ctl

/// Reading of experts' folders before an import.
@Suite struct ExpertFolderReaderTests {
    /// A complete expert with some checkpoints.
    private func expert(
        card: String? = #"{"name": "birds", "description": "Match birds"}"#, checkpoints: [String] = []
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for place in [""] + checkpoints.map({ "\($0)/" }) {
            try folder.write("{}", to: "\(place)adapter_config.json")
            try folder.write("weights", to: "\(place)adapter_model.safetensors")
        }
        if let card { try folder.write(card, to: "expert.json") }
        return folder
    }

    private func message(_ folder: TemporaryFolder, _ name: String? = nil, _ description: String? = nil)
        -> String
    {
        let error = #expect(throws: SgloradError.self) {
            try ExpertFolderReader.expert(folder.path, name: name, description: description)
        }
        #expect(error?.code == .invalidFile)
        return error?.message ?? ""
    }

    @Test func checkpointsAreReadInNumericalOrder() throws {
        let folder = try expert(checkpoints: ["checkpoint-10", "checkpoint-9", "checkpoint-x", "checkpoint-"])
        try folder.write("", to: "checkpoint-11")
        try folder.write("", to: "optimizer.pt")
        let expert = try ExpertFolderReader.expert(folder.path)
        #expect(expert.name == "birds")
        #expect(expert.description == "Match birds")
        #expect(
            expert.files.map(\.name) == [
                "adapter_config.json", "adapter_model.safetensors", "checkpoint-9/adapter_config.json",
                "checkpoint-9/adapter_model.safetensors", "checkpoint-10/adapter_config.json",
                "checkpoint-10/adapter_model.safetensors",
            ])
        #expect(expert.files.map(\.bytes) == [2, 7, 2, 7, 2, 7])
    }

    @Test func optionsOverrideTheCard() throws {
        let folder = try expert()
        let both = try ExpertFolderReader.expert(folder.path, name: "trees", description: "Match trees")
        #expect((both.name, both.description) == ("trees", "Match trees"))
        let one = try ExpertFolderReader.expert(folder.path, name: "trees")
        #expect((one.name, one.description) == ("trees", "Match birds"))
    }

    @Test func invalidCardIsIgnoredIfNotNeeded() throws {
        let folder = try expert(card: "{not json")
        #expect(message(folder).contains("expert.json"))
        #expect(try ExpertFolderReader.expert(folder.path, name: "a", description: "b").name == "a")
    }

    @Test(arguments: [
        #"{"name": 3, "description": "x"}"#, #"["birds"]"#, #"{"name": "", "description": "x"}"#,
        #"{"name": "birds"}"#, #"{"description": "x"}"#, "", "\u{0}",
        #"{"name": "birds", "description": null}"#,
    ])
    func cardWithoutNameOrDescriptionIsRejected(_ card: String) throws {
        #expect(message(try expert(card: card)).contains("expert.json"))
    }

    @Test func missingOrOversizedCardIsRejected() throws {
        #expect(message(try expert(card: nil)).contains("--name"))
        let long = try expert(card: String(repeating: " ", count: (1 << 20) + 1))
        #expect(message(long).contains("longer"))
    }

    @Test func missingFolderIsReported() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: SgloradError.self) { try ExpertFolderReader.expert(folder("nothing")) }
        #expect(error?.message.contains("no such folder") == true)
    }

    @Test func missingFilesAreNamed() throws {
        let folder = try expert()
        unlink(folder("adapter_model.safetensors"))
        #expect(message(folder).contains("adapter_model.safetensors"))
        try folder.write("x", to: "adapter_model.bin")
        #expect(message(folder).contains("safe_serialization=True"))
        unlink(folder("adapter_config.json"))
        #expect(message(folder).contains("adapter_config.json"))
    }

    @Test func incompleteAndOddlyNamedCheckpointsAreLeftOutByName() throws {
        let folder = try expert(checkpoints: [
            "checkpoint-1", "checkpoint-2", "checkpoint-03", "tmp-checkpoint-4",
        ])
        unlink(folder("checkpoint-1/adapter_model.safetensors"))
        unlink(folder("checkpoint-2/adapter_config.json"))
        try folder.write("", to: "checkpoint-5")
        let expert = try ExpertFolderReader.expert(folder.path)
        #expect(
            expert.files.map(\.name) == [
                "adapter_config.json", "adapter_model.safetensors", "checkpoint-2/adapter_model.safetensors",
            ])
        #expect(expert.leftOut.map(\.name) == ["checkpoint-03", "tmp-checkpoint-4", "checkpoint-1"])
        #expect(expert.leftOut.last?.reason.contains("adapter_model.safetensors") == true)
    }

    @Test func checkpointsAloneAreAnAdapter() throws {
        let folder = try expert(checkpoints: ["checkpoint-1", "checkpoint-2"])
        unlink(folder("adapter_model.safetensors"))
        #expect(try ExpertFolderReader.expert(folder.path).files.count == 5)
        unlink(folder("adapter_config.json"))
        #expect(try ExpertFolderReader.expert(folder.path).files.count == 4)
        try folder.write("x", to: "adapter_model.bin")
        #expect(message(folder).contains("adapter_config.json"))
    }

    @Test func namedPipesAreRejectedWithoutBlocking() throws {
        let folder = try expert()
        unlink(folder("adapter_model.safetensors"))
        try #require(mkfifo(folder("adapter_model.safetensors"), 0o600) == 0)
        #expect(message(folder).contains("named pipe"))
        let card = try expert(card: nil)
        try #require(mkfifo(card("expert.json"), 0o600) == 0)
        #expect(message(card).contains("named pipe"))
    }

    @Test func devicesAndFoldersAreRejected() throws {
        let folder = try expert()
        unlink(folder("adapter_config.json"))
        try #require(symlink("/dev/zero", folder("adapter_config.json")) == 0)
        #expect(message(folder).contains("device"))
        unlink(folder("adapter_config.json"))
        try folder.makeFolder("adapter_config.json")
        #expect(message(folder).contains("is a folder"))
    }

    @Test func symbolicLinksAreFollowedUnlessDangling() throws {
        let (target, folder) = (try expert(), try TemporaryFolder())
        try folder.write(#"{"name": "birds", "description": "Match birds"}"#, to: "expert.json")
        for name in ["adapter_config.json", "adapter_model.safetensors"] {
            try #require(symlink(target(name), folder(name)) == 0)
        }
        #expect(try ExpertFolderReader.expert(folder.path).files.map(\.bytes) == [2, 7])
        unlink(target("adapter_model.safetensors"))
        #expect(message(folder).contains("No such file"))
    }

    private static let zoo = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../shared/zoo").standardized.path

    @Test(.enabled(if: FileManager.default.fileExists(atPath: zoo), "needs ../shared/zoo"))
    func everyExpertOfTheZooIsRead() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.zoo)
        #expect(!names.isEmpty)
        for name in names {
            let expert = try ExpertFolderReader.expert("\(Self.zoo)/\(name)")
            #expect(expert.name == name)
            #expect(expert.files.count >= 2)
        }
    }
}
