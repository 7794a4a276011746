import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@Suite("FileDigest")
struct FileDigestTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Source: FIPS 180-2, appendix B, and NIST's example of no input.
    private static let vectors: [(bytes: [UInt8], digest: String)] = [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        ),
    ]

    @Test func `known digests of bytes and of files`() throws {
        for (bytes, digest) in Self.vectors {
            #expect(FileDigest.sha256(bytes) == digest)
            try folder.write(bytes, to: "file")
            #expect(try FileDigest.sha256(file: folder("file")) == digest)
        }
    }

    @Test(arguments: [1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 3 << 18])
    func `a file read in pieces has the digest of its bytes`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ $0 >> 8) }
        try folder.write(bytes, to: "file")
        #expect(try FileDigest.sha256(file: folder("file")) == FileDigest.sha256(bytes))
    }

    @Test func `an open file is read from its first byte, and keeps its position`() throws {
        try folder.write(Array("abc".utf8), to: "file")
        let handle = try #require(FileHandle(forReadingAtPath: folder("file")))
        try handle.seek(toOffset: 2)
        #expect(
            try FileDigest.sha256(descriptor: handle.fileDescriptor, path: "file") == Self.vectors[1].digest)
        #expect(try handle.offset() == 2)
    }

    @Test func `a cancelled reading stops early`() throws {
        try folder.write([UInt8](repeating: 7, count: 4 << 18), to: "file")
        var asked = 0
        _ = refusal(.cancelled) {
            _ = try FileDigest.sha256(file: folder("file")) {
                asked += 1
                return asked == 3
            }
        }
        #expect(asked == 3)
    }

    @Test func `a file that cannot be read is named`() {
        let missing = refusal(.storageFailure) { _ = try FileDigest.sha256(file: folder("missing")) }
        #expect(missing?.parameters["path"] == .string(folder("missing")))
        let directory = refusal(.storageFailure) { _ = try FileDigest.sha256(file: folder.path) }
        #expect(directory?.message.contains("Is a directory") == true)
    }
}
