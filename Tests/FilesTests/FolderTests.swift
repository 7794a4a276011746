import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@Suite("Folders")
struct FolderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder(name), withDestinationPath: target)
    }

    @Test func `a folder is removed with all it holds`() throws {
        for name in ["tree/a", "tree/.hidden", "tree/b/c/d", "tree/b/e", "kept"] {
            try folder.write([1], to: name)
        }
        Folder.remove(folder("tree"))
        #expect(try folder.entries == ["kept"])
        // What is not there is as good as removed.
        Folder.remove(folder("tree"))
        Folder.remove(folder("kept"))
        #expect(try folder.entries.isEmpty)
    }

    @Test func `a link within a folder is removed, its target is not`() throws {
        try folder.write([1], to: "outside/precious")
        try folder.write([1], to: "tree/a")
        try link("tree/folder", to: folder("outside"))
        try link("tree/file", to: folder("outside/precious"))
        try link("tree/broken", to: folder("nowhere"))
        try link("tree/up", to: "..")
        Folder.remove(folder("tree"))
        #expect(!folder.has("tree"))
        #expect(try folder.read("outside/precious") == [1])
    }

    @Test func `a link is removed, not followed`() throws {
        try folder.write([1], to: "outside/precious")
        try link("link", to: folder("outside"))
        Folder.remove(folder("link"))
        #expect(try folder.entries == ["outside", "outside/precious"])
    }

    @Test func `the names in a folder are sorted; a folder that cannot be read has none, or is an error`()
        throws
    {
        for name in ["b", "a", ".c", "ä", "d/e"] { try folder.write([1], to: name) }
        #expect(Folder.entries(of: folder.path) == [".c", "a", "b", "d", "ä"])
        #expect(Folder.entries(of: folder("missing")).isEmpty)
        #expect(Folder.entries(of: folder("a")).isEmpty)
        #expect(try Folder.names(in: folder.path) == Folder.entries(of: folder.path))
        for name in ["missing", "a"] {
            let error = refusal(.invalidFile) { _ = try Folder.names(in: folder(name)) }
            #expect(error?.parameters["file"] == .string(folder(name)))
        }
    }
}
