import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@Suite("DurableFile")
struct DurableFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a file appears under its name complete, readable by its owner alone`() throws {
        let file = try DurableFile(in: folder.path)
        #expect(!folder.has("final"))
        try file.write([1, 2])
        try file.write([])
        try file.write([3])
        #expect(!folder.has("final"))
        let temporary = file.temporaryPath
        #expect(try folder.entries == [String(temporary.dropFirst(folder.path.count + 1))])
        try file.commit(as: folder("final"))
        #expect(try folder.entries == ["final"])
        #expect(try folder.read("final") == [1, 2, 3])
        #expect(try folder.mode("final") == 0o600)
    }

    @Test func `the previous file stays untouched until the commit, which replaces all of it`() throws {
        try folder.write(Array("the old content, which is longer".utf8), to: "final")
        let file = try DurableFile(in: folder.path)
        try file.write([7])
        #expect(try folder.read("final").count == 32)
        try file.commit(as: folder("final"))
        #expect(try folder.read("final") == [7])
    }

    @Test func `an abandoned file is removed`() throws {
        do {
            let file = try DurableFile(in: folder.path)
            try file.write([1, 2, 3])
            #expect(try folder.entries.count == 1)
        }
        #expect(try folder.entries.isEmpty)
    }

    @Test func `files of many pieces and empty files are written`() throws {
        let piece = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let file = try DurableFile(in: folder.path)
        for _ in 0..<5 { try file.write(piece) }
        try file.commit(as: folder("large"))
        #expect(try folder.read("large") == Array(repeating: piece, count: 5).flatMap(\.self))
        try DurableFile.write([], to: folder("empty"), temporary: folder.path)
        #expect(try folder.read("empty").isEmpty)
        #expect(try folder.entries == ["empty", "large"])
    }

    @Test func `a small file is written through another folder`() throws {
        try folder.write([0], to: "temporary/other")
        try DurableFile.write(
            [9], to: folder("final"), temporary: folder("temporary"), synchronisingFolder: false)
        #expect(try folder.entries == ["final", "temporary", "temporary/other"])
    }

    @Test func `a missing folder is named, with what to do`() {
        let error = refusal(.storageFailure) { _ = try DurableFile(in: folder("missing")) }
        #expect(error?.message.contains(folder("missing")) == true)
        #expect(error?.message.contains("No such file or directory") == true)
        #expect(error?.message.contains("Check the folder's owner and mode.") == true)
    }

    @Test func `a failed rename is an error and leaves nothing behind`() throws {
        try folder.write([0], to: "taken/by a folder")
        for name in ["missing/final", "taken"] {
            let error = refusal(.storageFailure) {
                let file = try DurableFile(in: folder.path)
                try file.write([1])
                try file.commit(as: folder(name))
            }
            #expect(error?.message.contains("cannot be renamed into place") == true)
        }
        #expect(try folder.entries == ["taken", "taken/by a folder"])
    }

    @Test func `a file is committed without replacing another, whatever stands there`() throws {
        try folder.write([0], to: "taken")
        try FileManager.default.createSymbolicLink(
            atPath: folder("link"), withDestinationPath: folder("nowhere"))
        for name in ["taken", "link"] {
            let error = refusal(.alreadyExists) {
                try DurableFile.write([1], to: folder(name), replacing: false)
            }
            #expect(error?.parameters["name"] == .string(folder(name)))
        }
        try DurableFile.write([1], to: folder("free"), mode: 0o640, replacing: false)
        #expect(try folder.entries == ["free", "link", "taken"])
        #expect(try folder.read("taken") == [0] && folder.read("free") == [1])
        #expect(try folder.mode("free") == 0o640)
    }

    @Test func `a folder appears with all its files or not at all`() throws {
        do {
            let parts = try DurableFolder(in: folder.path)
            let file = try parts.makeFile("a")
            try file.write([1])
            try file.keep()
            #expect(try folder.entries.count == 2)
        }
        #expect(try folder.entries.isEmpty)
        let parts = try DurableFolder(in: folder.path, mode: 0o750)
        for name in ["a", "b"] {
            let file = try parts.makeFile(name)
            try file.write(Array(name.utf8))
            try file.keep()
        }
        _ = refusal(.storageFailure) { _ = try parts.makeFile("a") }
        do { _ = try parts.makeFile("abandoned") }
        try parts.commit(as: folder("final"))
        #expect(try folder.entries == ["final", "final/a", "final/b"])
        #expect(try folder.read("final/b") == Array("b".utf8))
        #expect(try folder.mode("final") == 0o750)
    }

    @Test func `a folder does not replace one that holds files`() throws {
        try folder.write([1], to: "final/precious")
        let error = refusal(.storageFailure) {
            try DurableFolder(in: folder.path).commit(as: folder("final"))
        }
        #expect(error?.parameters["path"] == .string(folder("final")))
        #expect(try folder.entries == ["final", "final/precious"])
    }

    @Test func `a folder can be synchronised, a file cannot`() throws {
        try Folder.synchronise(folder.path)
        try folder.write([1], to: "file")
        for name in ["file", "missing"] {
            let error = refusal(.storageFailure) { try Folder.synchronise(folder(name)) }
            #expect(error?.parameters["path"] == .string(folder(name)))
        }
    }

    @Test func `unique names have sixteen digits and differ`() {
        let names = (0..<1000).map { _ in Path.uniqueName() }
        #expect(Set(names).count == 1000)
        #expect(names.allSatisfy { $0.count == 16 && $0.allSatisfy { "0123456789abcdef".contains($0) } })
    }

    @Test(
        arguments: [
            ("/a/b/c", "/a/b"), ("/a", "/"), ("a/b", "a"), ("a", "."), ("/a/b/", "/a/b"),
        ])
    func `the parent of a path`(path: String, parent: String) {
        #expect(Path.parent(of: path) == parent)
    }
}
