import ErrorModel
import Files
import Foundation
import SgloradInterface
import TestSupport
import Testing
import Varlink

@testable import sglorad_ctl

/// Exports of adapters: complete and verified, or nothing at all.
@Suite struct AdapterFolderWriterTests {
    typealias Reply = Methods.ReadAdapter.Reply

    struct Gone: Error {}

    /// A file of an adapter's record, with the digest of the content that is to be received.
    static func file(_ name: String, _ content: String) -> Wire.AdapterFile {
        .init(name: name, bytes: content.utf8.count, digest: FileDigest.sha256(content.utf8))
    }

    /// A file of an adapter's record of a given size, whatever its content.
    static func file(_ name: String, bytes: Int) -> Wire.AdapterFile {
        .init(name: name, bytes: bytes, digest: "")
    }

    static func adapter(_ files: [Wire.AdapterFile]) -> Wire.Adapter {
        Wire.Adapter(
            adapterId: "a1", base: "b", digest: "",
            files: files,
            bytes: 0, path: "/p", createdAt: "",
            provenance: .init(
                strategy: "mean", base: "b", experts: [], topK: 1, temperature: 1, proximity: "plain",
                nearestProximity: 1, threshold: 0, seed: 1, library: "", encoder: "", kernel: "", version: "")
        )
    }

    static func reply(_ file: String, _ offset: Int, _ text: String, last: Bool? = nil) -> Reply {
        Reply(file: file, offset: offset, chunk: Data(text.utf8).base64EncodedString(), last: last)
    }

    /// Exports an adapter to a folder named `name`.
    static func write(
        _ files: [Wire.AdapterFile], _ replies: [Reply], ending error: (any Error)? = nil,
        to folder: TemporaryFolder,
        as name: String = "out"
    ) async throws {
        let stream = AsyncThrowingStream<Reply, any Error> { continuation in
            for reply in replies { continuation.yield(reply) }
            continuation.finish(throwing: error)
        }
        try await AdapterFolderWriter.write(
            adapter(files), replies: stream, to: try ExportDestination(folder: folder(name)))
    }

    static let files = [file("adapter_config.json", "{}"), file("adapter_model.safetensors", "abcdef")]
    static let replies = [
        reply("adapter_config.json", 0, "{}"), reply("adapter_model.safetensors", 0, "abc"),
        reply("adapter_model.safetensors", 3, "def", last: true),
    ]

    @Test func completeExportLeavesOnlyTheFolder() async throws {
        let folder = try TemporaryFolder()
        try await Self.write(Self.files, Self.replies, to: folder)
        #expect(try folder.names == ["out"])
        #expect(try folder.text("out/adapter_config.json") == "{}")
        #expect(try folder.text("out/adapter_model.safetensors") == "abcdef")
    }

    @Test func emptyFolderAndTrailingSlashesAreAccepted() async throws {
        let folder = try TemporaryFolder()
        try folder.makeFolder("out")
        try await Self.write(Self.files, Self.replies, to: folder, as: "out//")
        #expect(try folder.text("out/adapter_model.safetensors") == "abcdef")
        #expect(try folder.names == ["out"])
    }

    @Test func emptyFilesAreWritten() async throws {
        let folder = try TemporaryFolder()
        try await Self.write(
            [Self.file("a", ""), Self.file("b", "x")],
            [Self.reply("a", 0, ""), Self.reply("b", 0, "x", last: true)], to: folder)
        #expect(try folder.text("out/a").isEmpty)
    }

    /// Replies that do not match the adapter's record.
    static let mismatches: [(String, [Wire.AdapterFile], [Reply])] = [
        ("too few bytes", [file("a", bytes: 3)], [reply("a", 0, "ab", last: true)]),
        ("too many bytes", [file("a", bytes: 1)], [reply("a", 0, "ab", last: true)]),
        (
            "too few bytes before the next file", [file("a", bytes: 3), file("b", bytes: 1)],
            [reply("a", 0, "a"), reply("b", 0, "b", last: true)]
        ),
        ("a file missing", [file("a", bytes: 1), file("b", bytes: 1)], [reply("a", 0, "a", last: true)]),
        ("no last chunk", [file("a", bytes: 1)], [reply("a", 0, "a")]),
        ("no replies", [file("a", bytes: 1)], []),
        ("data after the end", [file("a", bytes: 1)], [reply("a", 0, "a", last: true), reply("a", 1, "b")]),
        ("a gap", [file("a", bytes: 3)], [reply("a", 0, "a"), reply("a", 2, "b", last: true)]),
        ("overlapping chunks", [file("a", bytes: 2)], [reply("a", 0, "a"), reply("a", 0, "b", last: true)]),
        ("a negative offset", [file("a", bytes: 1)], [reply("a", -1, "a", last: true)]),
        (
            "a file twice", [file("a", bytes: 1), file("b", bytes: 1)],
            [reply("a", 0, "a"), reply("b", 0, "b"), reply("a", 0, "a", last: true)]
        ),
        ("an unlisted file", [file("a", bytes: 1)], [reply("x", 0, "a", last: true)]),
        ("invalid base64", [file("a", bytes: 1)], [Reply(file: "a", offset: 0, chunk: "!!", last: true)]),
        ("path traversal in the record", [file("../a", bytes: 1)], [reply("../a", 0, "a", last: true)]),
        ("path traversal in a reply", [file("a", bytes: 1)], [reply("../a", 0, "a", last: true)]),
        ("an absolute path", [file("/tmp/a", bytes: 1)], [reply("/tmp/a", 0, "a", last: true)]),
        ("the parent folder", [file("..", bytes: 1)], [reply("..", 0, "a", last: true)]),
        ("the folder itself", [file(".", bytes: 1)], [reply(".", 0, "a", last: true)]),
        ("an empty name", [file("", bytes: 1)], [reply("", 0, "a", last: true)]),
        ("a NUL byte", [file("a\u{0}b", bytes: 1)], [reply("a\u{0}b", 0, "a", last: true)]),
        ("a duplicate name", [file("a", bytes: 1), file("a", bytes: 1)], [reply("a", 0, "a", last: true)]),
        ("a negative size", [file("a", bytes: -1)], [reply("a", 0, "", last: true)]),
    ]

    @Test(arguments: mismatches.indices)
    func mismatchLeavesNothingBehind(_ index: Int) async throws {
        let (what, files, replies) = Self.mismatches[index]
        let folder = try TemporaryFolder()
        let error = await #expect(throws: SgloradError.self, "\(what)") {
            try await Self.write(files, replies, to: folder)
        }
        #expect(error?.code == .invalidFile, "\(what)")
        #expect(try folder.names == [], "\(what)")
    }

    @Test(arguments: [("{}", "abcdeg"), ("[]", "abcdef")])
    func digestMismatchNamesFileAndDigestsAndLeavesNothingBehind(_ config: String, _ weights: String)
        async throws
    {
        let folder = try TemporaryFolder()
        let replies = [
            Self.reply("adapter_config.json", 0, config),
            Self.reply("adapter_model.safetensors", 0, weights, last: true),
        ]
        let error = await #expect(throws: SgloradError.self) {
            try await Self.write(Self.files, replies, to: folder)
        }
        let isConfig = config != "{}"
        let (name, expected, received) =
            isConfig
            ? ("adapter_config.json", "{}", config) : ("adapter_model.safetensors", "abcdef", weights)
        #expect(error?.code == .invalidFile)
        for part in [name, FileDigest.sha256(expected.utf8), FileDigest.sha256(received.utf8)] {
            #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        }
        #expect(try folder.names == [])
    }

    /// The record's digest is authoritative, even if it is malformed.
    @Test func missingDigestIsAMismatch() async throws {
        let folder = try TemporaryFolder()
        await #expect(throws: SgloradError.self) {
            try await Self.write(
                [Self.file("a", bytes: 1)], [Self.reply("a", 0, "x", last: true)], to: folder)
        }
        #expect(try folder.names == [])
    }

    @Test func lostConnectionLeavesNothingBehind() async throws {
        let folder = try TemporaryFolder()
        await #expect(throws: Gone.self) {
            try await Self.write(Self.files, Array(Self.replies.dropLast()), ending: Gone(), to: folder)
        }
        #expect(try folder.names == [])
    }

    @Test func folderCreatedMeanwhileIsNotOverwritten() async throws {
        let folder = try TemporaryFolder()
        let destination = try ExportDestination(folder: folder("out"))
        try folder.write("mine", to: "out/file")
        let stream = AsyncThrowingStream<Reply, any Error> { continuation in
            for reply in Self.replies { continuation.yield(reply) }
            continuation.finish()
        }
        let error = await #expect(throws: SgloradError.self) {
            try await AdapterFolderWriter.write(Self.adapter(Self.files), replies: stream, to: destination)
        }
        #expect(error?.code == .storageFailure)
        #expect(try folder.names == ["out"])
        #expect(try folder.text("out/file") == "mine")
    }

    /// Even root cannot create files in /proc.
    @Test func unwritableParentIsReported() async throws {
        let stream = AsyncThrowingStream<Reply, any Error> { $0.finish() }
        let destination = try ExportDestination(folder: "/proc/sglorad-out")
        let error = await #expect(throws: SgloradError.self) {
            try await AdapterFolderWriter.write(Self.adapter(Self.files), replies: stream, to: destination)
        }
        #expect(error?.code == .storageFailure)
        #expect(error?.message.contains("/proc") == true)
    }

    /// Writing to /dev/full fails with ENOSPC, as on a full disk.
    @Test func fullDiskIsReported() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let error = #expect(throws: SgloradError.self) {
            try FileBytes.append([1], to: descriptor, path: "out/adapter_model.safetensors")
        }
        #expect(error?.code == .storageFailure)
        #expect(error?.message.contains("No space left") == true)
        #expect(error?.message.contains("Free space") == true)
    }
}
