import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@testable import Adaptation

@Suite("The folder of PEFT folders")
struct PublishedFoldersTests {
    private let folder: TemporaryFolder
    private let folders: PublishedFolders

    init() throws {
        folder = try TemporaryFolder()
        folders = PublishedFolders(root: folder("peft"), state: try StateDirectory(root: folder("state")))
    }

    /// An adapter's own folder.
    private func adapter(_ id: String, weights: String = "weights") throws -> PublishedFolders.Entry {
        try folder.write(
            Array(#"{"base_model_name_or_path": "google/gemma", "r": 8, "lora_alpha": 16.5}"#.utf8),
            to: "adapters/\(id)/adapter_config.json")
        try folder.write(Array(weights.utf8), to: "adapters/\(id)/adapter_model.safetensors")
        return entry("travel", id)
    }

    private func entry(
        _ name: String, _ id: String, baseModelName: String? = nil
    ) -> PublishedFolders.Entry {
        .init(name: name, adapter: id, source: folder("adapters/\(id)"), baseModelName: baseModelName)
    }

    private func names() -> [String] { Folder.entries(of: folder("peft")) }
    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: folder("peft/\(path)"), encoding: .utf8)
    }

    @Test func `each name is a folder with the adapter's files`() throws {
        let one = try adapter("a-1")
        #expect(try folders.match([one], evenUnchanged: false).isEmpty)
        #expect(names() == ["travel"])
        #expect(try text("travel/adapter_model.safetensors") == "weights")
        #expect(try text("travel/adapter_config.json").contains("google/gemma"))
        // The weights take no room of their own.
        let inodes = try ["peft/travel", "adapters/a-1"].map { place in
            try FileManager.default.attributesOfItem(
                atPath: folder("\(place)/adapter_model.safetensors"))[.systemFileNumber] as? Int
        }
        #expect(inodes[0] != nil && inodes[0] == inodes[1])
        #expect(try folders.match([], evenUnchanged: false).isEmpty)
        #expect(names().isEmpty)
        #expect(FileManager.default.fileExists(atPath: folder("adapters/a-1/adapter_model.safetensors")))
    }

    @Test func `another adapter takes the folder's place, and another name of the base is written`() throws {
        let one = try adapter("a-1")
        _ = try adapter("a-2", weights: "others")
        _ = try folders.match([one], evenUnchanged: false)
        let inode =
            try FileManager.default.attributesOfItem(atPath: folder("peft/travel"))[.systemFileNumber] as? Int
        _ = try folders.match([one], evenUnchanged: false)
        let same =
            try FileManager.default.attributesOfItem(atPath: folder("peft/travel"))[.systemFileNumber] as? Int
        #expect(inode != nil && inode == same)
        _ = try folders.match([entry("travel", "a-2", baseModelName: "/srv/\"gemma\"")], evenUnchanged: false)
        #expect(try text("travel/adapter_model.safetensors") == "others")
        let configuration = try #require(
            try JSONSerialization.jsonObject(with: Data(text("travel/adapter_config.json").utf8))
                as? [String: Any])
        #expect(configuration["base_model_name_or_path"] as? String == "/srv/\"gemma\"")
        #expect(configuration["r"] as? Int == 8 && configuration["lora_alpha"] as? Double == 16.5)
        #expect(names() == ["travel"])
        _ = try folders.match([entry("travel", "a-2"), entry("1001-b", "a-1")], evenUnchanged: false)
        #expect(names() == ["1001-b", "travel"])
        #expect(try text("travel/adapter_config.json").contains("google/gemma"))
    }

    @Test func `what is not the daemon's stays, and its name is told`() throws {
        let one = try adapter("a-1")
        try folder.write(Array("theirs".utf8), to: "peft/travel/adapter_config.json")
        try folder.write(Array("theirs".utf8), to: "peft/own/adapter_config.json")
        try folder.write(Array("theirs".utf8), to: "peft/README")
        try FileManager.default.createSymbolicLink(
            atPath: folder("peft/link"), withDestinationPath: folder("adapters"))
        let taken = try folders.match(
            [one, entry("mail", "a-1"), entry("link", "a-1")], evenUnchanged: false)
        #expect(taken == ["link", "travel"])
        #expect(names() == ["README", "link", "mail", "own", "travel"])
        #expect(try text("travel/adapter_config.json") == "theirs")
        _ = try folders.match([], evenUnchanged: false)
        #expect(names() == ["README", "link", "own", "travel"])
    }

    @Test func `what a crash has left is removed, and what it has half done is done`() throws {
        let one = try adapter("a-1")
        _ = try folders.match([one], evenUnchanged: false)
        try folder.write(Array("half".utf8), to: "peft/.sglorad-0123456789abcdef/adapter_model.safetensors")
        // A mark of another adapter: the name was given to this one, and the folder not yet made.
        try folder.write(Array("a-0\n\n".utf8), to: "peft/travel/.sglorad")
        _ = try folders.match([one], evenUnchanged: false)
        #expect(names() == ["travel"])
        #expect(try text("travel/.sglorad") == "a-1\n\n")
    }

    @Test func `an adapter whose files are missing does not keep the others away`() throws {
        let one = try adapter("a-1")
        let error = refusal(.invalidFile) {
            try folders.match([entry("gone", "a-9"), one], evenUnchanged: false)
        }
        #expect(error?.message.contains("a-9/adapter_config.json") == true)
        #expect(names() == ["travel"])
    }
}
