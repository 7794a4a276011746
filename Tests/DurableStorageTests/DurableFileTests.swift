import DurableStorage
import ErrorModel
import Foundation
import Testing

@Suite("DurableFile")
struct DurableFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `a file gets its name whole, for its owner alone`() throws {
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

    @Test func `until it is committed, what had the name is untouched; then all of it is replaced`() throws {
        try folder.write(Array("the old content, which is longer".utf8), to: "final")
        let file = try DurableFile(in: folder.path)
        try file.write([7])
        #expect(try folder.read("final").count == 32)
        try file.commit(as: folder("final"))
        #expect(try folder.read("final") == [7])
    }

    @Test func `an abandoned file leaves nothing`() throws {
        do {
            let file = try DurableFile(in: folder.path)
            try file.write([1, 2, 3])
            #expect(try folder.entries.count == 1)
        }
        #expect(try folder.entries.isEmpty)
    }

    @Test func `a file of many pieces, and an empty one`() throws {
        let piece = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let file = try DurableFile(in: folder.path)
        for _ in 0..<5 { try file.write(piece) }
        try file.commit(as: folder("large"))
        #expect(try folder.read("large") == Array(repeating: piece, count: 5).flatMap(\.self))
        try DurableFile.write([], to: folder("empty"), temporary: folder.path)
        #expect(try folder.read("empty").isEmpty)
        #expect(try folder.entries == ["empty", "large"])
    }

    @Test func `a small file is written by way of another folder`() throws {
        try folder.write([0], to: "temporary/other")
        try DurableFile.write(
            [9], to: folder("final"), temporary: folder("temporary"), synchronisingFolder: false)
        #expect(try folder.entries == ["final", "temporary", "temporary/other"])
    }

    @Test func `a folder that is not there is named, with what to do`() {
        let error = refusal { _ = try DurableFile(in: folder("missing")) }
        #expect(error?.message.contains(folder("missing")) == true)
        #expect(error?.message.contains("No such file or directory") == true)
        #expect(error?.message.contains("Check the folder's owner and mode.") == true)
    }

    @Test func `a name that cannot be given is an error, and leaves nothing`() throws {
        try folder.write([0], to: "taken/by a folder")
        for name in ["missing/final", "taken"] {
            let error = refusal {
                let file = try DurableFile(in: folder.path)
                try file.write([1])
                try file.commit(as: folder(name))
            }
            #expect(error?.message.contains("cannot get its name") == true)
        }
        #expect(try folder.entries == ["taken", "taken/by a folder"])
    }

    @Test func `a full disk is said, with what to do`() throws {
        let handle = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let error = refusal {
            try DurableFile.append([1, 2, 3], to: handle.fileDescriptor, path: "/var/lib/x")
        }
        #expect(error?.parameters["path"] == .string("/var/lib/x"))
        #expect(error?.message.contains("No space left on device") == true)
        #expect(error?.message.contains("Free space on that disk and try again.") == true)
    }

    @Test func `a folder can be synchronised, what is none cannot`() throws {
        try DurableFile.synchronise(folder: folder.path)
        try folder.write([1], to: "file")
        for name in ["file", "missing"] {
            let error = refusal { try DurableFile.synchronise(folder: folder(name)) }
            #expect(error?.parameters["path"] == .string(folder(name)))
        }
    }

    @Test func `names are unlike each other, of sixteen digits`() {
        let names = (0..<1000).map { _ in DurableFile.uniqueName() }
        #expect(Set(names).count == 1000)
        #expect(names.allSatisfy { $0.count == 16 && $0.allSatisfy { "0123456789abcdef".contains($0) } })
    }

    @Test(
        arguments: [
            ("/a/b/c", "/a/b"), ("/a", "/"), ("a/b", "a"), ("a", "."), ("/a/b/", "/a/b"),
        ])
    func `a path less its last component`(path: String, parent: String) {
        #expect(DurableFile.parent(of: path) == parent)
    }
}
