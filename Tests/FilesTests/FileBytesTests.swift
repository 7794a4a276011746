import ErrorModel
import Files
import Foundation
import Glibc
import TestSupport
import Testing

@Suite("FileBytes")
struct FileBytesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [0, 1, 100_000]) func `a copied file is appended completely`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try folder.write(bytes, to: "source")
        let file = try DurableFile(in: folder.path)
        try file.write([1, 2])
        try FileBytes.copy(folder("source"), to: file.descriptor, name: "copy")
        try FileBytes.copy(folder("source"), to: file.descriptor, name: "copy")
        try file.commit(as: folder("copy"))
        #expect(try folder.read("copy") == [1, 2] + bytes + bytes)
        #expect(try folder.read("source") == bytes)
    }

    @Test func `the side that fails is named`() throws {
        let missing = refusal(.storageFailure) { try FileBytes.copy(folder("missing"), to: 1, name: "copy") }
        #expect(missing?.parameters["path"] == .string(folder("missing")))
        try folder.write([1], to: "source")
        let handle = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let full = refusal(.storageFailure) {
            try FileBytes.copy(folder("source"), to: handle.fileDescriptor, name: "copy")
        }
        #expect(full?.parameters["path"] == .string("copy"))
    }

    @Test func `a full disk is reported, with what to do`() throws {
        let handle = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let error = refusal(.storageFailure) {
            try FileBytes.append([1, 2, 3], to: handle.fileDescriptor, path: "/var/lib/x")
        }
        #expect(error?.parameters["path"] == .string("/var/lib/x"))
        #expect(error?.message.contains("No space left on device") == true)
        #expect(error?.message.contains("Free space on that disk and try again.") == true)
    }

    @Test func `reads are complete, and shorter only at the end`() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try folder.write(bytes, to: "source")
        let file = try ReadableFile(folder("source"))
        let size = file.bytes
        #expect(size == 100_000)
        let parts = [
            try file.read(0), try file.read(70_000), try file.read(70_000), try file.read(1),
        ]
        #expect(parts == [[], Array(bytes[..<70_000]), Array(bytes[70_000...]), []])
    }

    @Test func `only regular files are opened for reading`() throws {
        try folder.write([1], to: "source")
        try FileManager.default.createSymbolicLink(
            atPath: folder("link"), withDestinationPath: folder("source"))
        let size = try ReadableFile(folder("link")).bytes
        #expect(size == 1)
        #expect(mkfifo(folder("pipe"), 0o600) == 0)
        for (path, reason) in [
            (folder("pipe"), "named pipe"), (folder.path, "folder"), ("/dev/null", "device"),
            (folder("missing"), "No such file or directory"),
        ] {
            let error = refusal(.invalidFile) { _ = try ReadableFile(path) }
            #expect(error?.message.contains(reason) == true, "\(path)")
        }
        #expect(FileKind(of: folder("link"), followingLinks: false) == .link)
        #expect(FileKind(of: folder("missing")) == nil)
    }
}
