import DurableStorage
import Foundation
import Testing

@Suite("Folders")
struct FolderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder(name), withDestinationPath: target)
    }

    @Test func `a tree goes with all it holds`() throws {
        for name in ["tree/a", "tree/.hidden", "tree/b/c/d", "tree/b/e", "kept"] {
            try folder.write([1], to: name)
        }
        DurableFile.removeTree(folder("tree"))
        #expect(try folder.entries == ["kept"])
        // What is not there is as good as removed.
        DurableFile.removeTree(folder("tree"))
        DurableFile.removeTree(folder("kept"))
        #expect(try folder.entries.isEmpty)
    }

    @Test func `a link within a tree goes, what it points to stays`() throws {
        try folder.write([1], to: "outside/precious")
        try folder.write([1], to: "tree/a")
        try link("tree/folder", to: folder("outside"))
        try link("tree/file", to: folder("outside/precious"))
        try link("tree/broken", to: folder("nowhere"))
        try link("tree/up", to: "..")
        DurableFile.removeTree(folder("tree"))
        #expect(!folder.has("tree"))
        #expect(try folder.read("outside/precious") == [1])
    }

    @Test func `a link itself is removed, not followed`() throws {
        try folder.write([1], to: "outside/precious")
        try link("link", to: folder("outside"))
        DurableFile.removeTree(folder("link"))
        #expect(try folder.entries == ["outside", "outside/precious"])
    }

    @Test func `the names in a folder are sorted; one that cannot be read has none`() throws {
        for name in ["b", "a", ".c", "ä", "d/e"] { try folder.write([1], to: name) }
        #expect(DurableFile.entries(of: folder.path) == [".c", "a", "b", "d", "ä"])
        #expect(DurableFile.entries(of: folder("missing")).isEmpty)
        #expect(DurableFile.entries(of: folder("a")).isEmpty)
    }
}
