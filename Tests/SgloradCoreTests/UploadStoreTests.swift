import DurableStorage
import ErrorModel
import Foundation
import Testing

@testable import ControlProtocol
@testable import SgloradCore

@Suite("Uploads")
struct UploadStoreTests {
    private let folder: TemporaryFolder
    private let state: StateDirectory

    init() throws {
        folder = try TemporaryFolder()
        state = try StateDirectory(root: folder("state"))
    }

    /// Runs a test with a store and one connection to it.
    private func withStore(_ body: (UploadStore, ConnectionID) async throws -> Void) async throws {
        let pool = ComputePool(threads: 1)
        do {
            try await body(UploadStore(state: state, pool: pool), ConnectionID())
        } catch {
            await pool.shutdown()
            throw error
        }
        await pool.shutdown()
    }

    /// Sends a whole file in one chunk; gives its digest.
    private func send(
        _ text: String, to store: UploadStore, uid: UInt32 = 1000, _ connection: ConnectionID
    ) async throws -> String {
        let answer = try await store.receive(
            Data(text.utf8), upload: nil, last: true, uid: uid, connection: connection)
        return try #require(answer.digest)
    }

    private var files: [String] { DurableFile.entries(of: state.uploads) }

    @Test func `a file comes in chunks, and is known by its digest once it is whole`() async throws {
        try await withStore { store, connection in
            let first = try await store.receive(
                Data("a".utf8), upload: nil, last: false, uid: 1000, connection: connection)
            #expect(first.received == 1 && first.digest == nil)
            let second = try await store.receive(
                Data("b".utf8), upload: first.upload, last: false, uid: 1000, connection: connection)
            #expect(second.upload == first.upload && second.received == 2 && second.digest == nil)
            #expect(await store.usage == (0, 0))
            let last = try await store.receive(
                Data("c".utf8), upload: first.upload, last: true, uid: 1000, connection: connection)
            let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            #expect(last.received == 3 && last.digest == digest)
            let path = try await store.path(of: digest, uid: 1000)
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("abc".utf8))
            #expect(await store.usage == (1, 3))
            // It is over: nothing can be added.
            _ = await refusal(.notFound) {
                _ = try await store.receive(
                    Data("d".utf8), upload: first.upload, last: true, uid: 1000, connection: connection)
            }
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("abc".utf8))
        }
    }

    @Test func `an empty file is a file`() async throws {
        try await withStore { store, connection in
            let digest = try await send("", to: store, connection)
            #expect(digest == FileDigest.sha256([]))
            #expect(await store.usage == (1, 0))
        }
    }

    @Test func `a file is its sender's alone`() async throws {
        try await withStore { store, connection in
            let digest = try await send("abc", to: store, uid: 1000, connection)
            let error = await refusal(.notFound) { _ = try await store.path(of: digest, uid: 1001) }
            #expect(error?.parameters == ["kind": .string("upload"), "name": .string(digest)])
            // The same content of another is another file, and goes without the first.
            #expect(try await send("abc", to: store, uid: 1001, connection) == digest)
            #expect(await store.usage == (2, 6))
            #expect(
                try await store.path(of: digest, uid: 1000) != store.path(of: digest, uid: 1001))
            await store.discard([digest, "unknown"], uid: 1001)
            _ = await refusal(.notFound) { _ = try await store.path(of: digest, uid: 1001) }
            #expect(FileManager.default.fileExists(atPath: try await store.path(of: digest, uid: 1000)))
            #expect(files.count == 1)
        }
    }

    @Test func `a file that is sent again takes the first one's place`() async throws {
        try await withStore { store, connection in
            let digest = try await send("abc", to: store, connection)
            #expect(try await send("abc", to: store, connection) == digest)
            #expect(await store.usage == (1, 3))
            #expect(files.count == 1)
            #expect(FileManager.default.fileExists(atPath: try await store.path(of: digest, uid: 1000)))
        }
    }

    @Test func `an upload belongs to its connection, and ends with it`() async throws {
        try await withStore { store, connection in
            let other = ConnectionID()
            let mine = try await store.receive(
                Data("a".utf8), upload: nil, last: false, uid: 1000, connection: connection)
            _ = await refusal(.notFound) {
                _ = try await store.receive(
                    Data("b".utf8), upload: mine.upload, last: true, uid: 1000, connection: other)
            }
            _ = await refusal(.notFound) {
                _ = try await store.receive(
                    Data("b".utf8), upload: "../../etc/passwd", last: true, uid: 1000,
                    connection: connection)
            }
            let whole = try await send("whole", to: store, connection)
            let others = try await store.receive(
                Data("x".utf8), upload: nil, last: false, uid: 1000, connection: other)
            #expect(files.count == 3)
            await store.connectionClosed(connection)
            #expect(files.count == 2)
            _ = await refusal(.notFound) {
                _ = try await store.receive(
                    Data("b".utf8), upload: mine.upload, last: true, uid: 1000, connection: connection)
            }
            // What is complete stays, and so does another connection's.
            _ = try await store.path(of: whole, uid: 1000)
            let end = try await store.receive(
                Data("y".utf8), upload: others.upload, last: true, uid: 1000, connection: other)
            #expect(end.digest == FileDigest.sha256("xy".utf8))
        }
    }

    @Test func `a chunk that is too large is refused, the upload goes on`() async throws {
        try await withStore { store, connection in
            let first = try await store.receive(
                Data("a".utf8), upload: nil, last: false, uid: 1000, connection: connection)
            let large = Data(count: UploadStore.chunkLimit + 1)
            let error = await refusal(.invalidRequest) {
                _ = try await store.receive(
                    large, upload: first.upload, last: false, uid: 1000, connection: connection)
            }
            #expect(error?.parameters["field"] == .string("chunk"))
            let last = try await store.receive(
                large.dropLast(), upload: first.upload, last: true, uid: 1000, connection: connection)
            #expect(last.received == UploadStore.chunkLimit + 1)
        }
    }

    @Test func `a connection has so many unfinished uploads, no more`() async throws {
        try await withStore { store, connection in
            var uploads: [String] = []
            for _ in 0..<16 {
                uploads.append(
                    try await store.receive(
                        Data("a".utf8), upload: nil, last: false, uid: 1000, connection: connection
                    ).upload)
            }
            let error = await refusal(.busy) { _ = try await send("b", to: store, connection) }
            #expect(error?.parameters["retryAfter"] == .double(1))
            // Another connection has its own count, and one that is finished makes room.
            _ = try await send("b", to: store, ConnectionID())
            _ = try await store.receive(
                Data(), upload: uploads[0], last: true, uid: 1000, connection: connection)
            _ = try await send("c", to: store, connection)
        }
    }

    @Test func `what an earlier run left is removed`() async throws {
        try folder.write("left", to: "state/uploads/u-1")
        try folder.write("left", to: "state/uploads/folder/u-2")
        try await withStore { store, _ in
            #expect(files.isEmpty)
            #expect(await store.usage == (0, 0))
        }
    }
}
