import ControlProtocol
import ErrorModel
import Foundation
import Testing

@testable import sglorad_ctl

@Suite struct AdapterFolderWriterTests {
    typealias Reply = Methods.ReadAdapter.Reply

    struct Gone: Error {}

    /// An adapter that announces these files.
    static func adapter(_ files: [(String, Int)]) -> Wire.Adapter {
        Wire.Adapter(
            adapterId: "a1", base: "b", digest: "",
            files: files.map { .init(name: $0.0, bytes: $0.1, digest: "") },
            bytes: 0, path: "/p", createdAt: "",
            provenance: .init(
                strategy: "mean", base: "b", experts: [], topK: 1, temperature: 1, proximity: "plain",
                nearestProximity: 1, threshold: 0, seed: 1, library: "", encoder: "", kernel: "", version: "")
        )
    }

    static func reply(_ file: String, _ offset: Int, _ text: String, last: Bool? = nil) -> Reply {
        Reply(file: file, offset: offset, chunk: Data(text.utf8).base64EncodedString(), last: last)
    }

    /// Writes what the replies hold; nothing but `expected` is in the folder afterwards.
    static func write(
        _ files: [(String, Int)], _ replies: [Reply], ending error: (any Error)? = nil,
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

    static let files = [("adapter_config.json", 2), ("adapter_model.safetensors", 6)]
    static let replies = [
        reply("adapter_config.json", 0, "{}"), reply("adapter_model.safetensors", 0, "abc"),
        reply("adapter_model.safetensors", 3, "def", last: true),
    ]

    @Test func filesArriveWholeAndNothingElseIsLeft() async throws {
        let folder = try TemporaryFolder()
        try await Self.write(Self.files, Self.replies, to: folder)
        #expect(try folder.names() == ["out"])
        #expect(try folder.text("out/adapter_config.json") == "{}")
        #expect(try folder.text("out/adapter_model.safetensors") == "abcdef")
    }

    @Test func anEmptyFolderAndATrailingSlashWillDo() async throws {
        let folder = try TemporaryFolder()
        try folder.makeFolder("out")
        try await Self.write(Self.files, Self.replies, to: folder, as: "out//")
        #expect(try folder.text("out/adapter_model.safetensors") == "abcdef")
        #expect(try folder.names() == ["out"])
    }

    @Test func anEmptyFileIsWritten() async throws {
        let folder = try TemporaryFolder()
        try await Self.write(
            [("a", 0), ("b", 1)], [Self.reply("a", 0, ""), Self.reply("b", 0, "x", last: true)], to: folder)
        #expect(try folder.text("out/a").isEmpty)
    }

    /// What a daemon could send that is not what it announced.
    static let hostile: [(String, [(String, Int)], [Reply])] = [
        ("too few bytes", [("a", 3)], [reply("a", 0, "ab", last: true)]),
        ("too many bytes", [("a", 1)], [reply("a", 0, "ab", last: true)]),
        (
            "too few bytes before the next file", [("a", 3), ("b", 1)],
            [reply("a", 0, "a"), reply("b", 0, "b", last: true)]
        ),
        ("a file missing", [("a", 1), ("b", 1)], [reply("a", 0, "a", last: true)]),
        ("no end", [("a", 1)], [reply("a", 0, "a")]),
        ("nothing", [("a", 1)], []),
        ("bytes behind the end", [("a", 1)], [reply("a", 0, "a", last: true), reply("a", 1, "b")]),
        ("a hole", [("a", 3)], [reply("a", 0, "a"), reply("a", 2, "b", last: true)]),
        ("a byte twice", [("a", 2)], [reply("a", 0, "a"), reply("a", 0, "b", last: true)]),
        ("a negative offset", [("a", 1)], [reply("a", -1, "a", last: true)]),
        (
            "a file twice", [("a", 1), ("b", 1)],
            [reply("a", 0, "a"), reply("b", 0, "b"), reply("a", 0, "a", last: true)]
        ),
        ("a file that is not announced", [("a", 1)], [reply("x", 0, "a", last: true)]),
        ("no base64", [("a", 1)], [Reply(file: "a", offset: 0, chunk: "!!", last: true)]),
        ("a way out in the list", [("../a", 1)], [reply("../a", 0, "a", last: true)]),
        ("a way out in a reply", [("a", 1)], [reply("../a", 0, "a", last: true)]),
        ("an absolute name", [("/tmp/a", 1)], [reply("/tmp/a", 0, "a", last: true)]),
        ("the parent", [("..", 1)], [reply("..", 0, "a", last: true)]),
        ("the folder", [(".", 1)], [reply(".", 0, "a", last: true)]),
        ("no name", [("", 1)], [reply("", 0, "a", last: true)]),
        ("a zero byte", [("a\u{0}b", 1)], [reply("a\u{0}b", 0, "a", last: true)]),
        ("a name twice", [("a", 1), ("a", 1)], [reply("a", 0, "a", last: true)]),
        ("a negative size", [("a", -1)], [reply("a", 0, "", last: true)]),
    ]

    @Test(arguments: hostile.indices)
    func whatIsNotAsAnnouncedLeavesNothingBehind(_ index: Int) async throws {
        let (what, files, replies) = Self.hostile[index]
        let folder = try TemporaryFolder()
        let error = await #expect(throws: SgloradError.self, "\(what)") {
            try await Self.write(files, replies, to: folder)
        }
        #expect(error?.code == .invalidFile, "\(what)")
        #expect(try folder.names() == [], "\(what)")
    }

    @Test func aConnectionThatEndsLeavesNothingBehind() async throws {
        let folder = try TemporaryFolder()
        await #expect(throws: Gone.self) {
            try await Self.write(Self.files, Array(Self.replies.dropLast()), ending: Gone(), to: folder)
        }
        #expect(try folder.names() == [])
    }

    @Test func aNameThatIsTakenMeanwhileIsNotOverwritten() async throws {
        let folder = try TemporaryFolder()
        let destination = try ExportDestination(folder: folder("out"))
        try folder.write("mine", "out/file")
        let stream = AsyncThrowingStream<Reply, any Error> { continuation in
            for reply in Self.replies { continuation.yield(reply) }
            continuation.finish()
        }
        let error = await #expect(throws: SgloradError.self) {
            try await AdapterFolderWriter.write(Self.adapter(Self.files), replies: stream, to: destination)
        }
        #expect(error?.code == .storageFailure)
        #expect(try folder.names() == ["out"])
        #expect(try folder.text("out/file") == "mine")
    }

    /// Linux refuses new names in /proc, also to root.
    @Test func aFolderThatCannotBeWrittenIsAClearError() async throws {
        let stream = AsyncThrowingStream<Reply, any Error> { $0.finish() }
        let destination = try ExportDestination(folder: "/proc/sglorad-out")
        let error = await #expect(throws: SgloradError.self) {
            try await AdapterFolderWriter.write(Self.adapter(Self.files), replies: stream, to: destination)
        }
        #expect(error?.code == .storageFailure)
        #expect(error?.message.contains("/proc") == true)
    }

    /// A write to /dev/full fails as on a full disk.
    @Test func aFullDiskIsAClearError() throws {
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let error = #expect(throws: SgloradError.self) {
            try SystemCall.write([1], to: descriptor, path: "out/adapter_model.safetensors")
        }
        #expect(error?.code == .storageFailure)
        #expect(error?.message.contains("No space left") == true)
        #expect(error?.message.contains("Make room") == true)
    }
}
