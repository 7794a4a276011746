import DurableStorage
import ErrorModel
import Foundation
import Testing

@Suite("FileCopy")
struct FileCopyTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [0, 1, 100_000]) func `a file is appended whole`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try folder.write(bytes, to: "source")
        let file = try DurableFile(in: folder.path)
        try file.write([1, 2])
        try FileCopy.copy(folder("source"), to: file.descriptor, name: "copy")
        try FileCopy.copy(folder("source"), to: file.descriptor, name: "copy")
        try file.commit(as: folder("copy"))
        #expect(try folder.read("copy") == [1, 2] + bytes + bytes)
        #expect(try folder.read("source") == bytes)
    }

    @Test func `the end that fails is named`() throws {
        let missing = refusal { try FileCopy.copy(folder("missing"), to: 1, name: "copy") }
        #expect(missing?.parameters["path"] == .string(folder("missing")))
        try folder.write([1], to: "source")
        let handle = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let full = refusal {
            try FileCopy.copy(folder("source"), to: handle.fileDescriptor, name: "copy")
        }
        #expect(full?.parameters["path"] == .string("copy"))
    }
}
