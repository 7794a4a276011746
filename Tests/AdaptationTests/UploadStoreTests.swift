import ErrorModel
import Executors
import Files
import Foundation
import Storage
import TestSupport
import Testing

@testable import Adaptation

@Suite("Uploads")
struct UploadStoreTests {
    private let folder: TemporaryFolder
    private let state: StateDirectory

    init() throws {
        folder = try TemporaryFolder()
        state = try StateDirectory(root: folder("state"))
    }

    /// Runs a test with a store and one connection to it.
    private func withStore(_ body: (UploadStore, UploadStore.Session) async throws -> Void) async throws {
        let pool = ComputePool(threads: 1)
        do {
            try await body(UploadStore(state: state, pool: pool), UploadStore.Session("1"))
        } catch {
            await pool.shutdown()
            throw error
        }
        await pool.shutdown()
    }

    /// Uploads a file in one chunk.
    ///
    /// - Returns: its digest.
    private func send(
        _ text: String, to store: UploadStore, uid: UserID = 1000, _ connection: UploadStore.Session
    ) async throws -> String {
        let answer = try await store.receive(
            Data(text.utf8), upload: nil, last: true, from: uid, session: connection)
        return try #require(answer.digest)
    }

    private var files: [String] { Folder.entries(of: state.uploads) }

    @Test func `a file arrives in chunks and is found by its digest once complete`() async throws {
        try await withStore { store, connection in
            let first = try await store.receive(
                Data("a".utf8), upload: nil, last: false, from: 1000, session: connection)
            #expect(first.received == 1 && first.digest == nil)
            let second = try await store.receive(
                Data("b".utf8), upload: first.upload, last: false, from: 1000, session: connection)
            #expect(second.upload == first.upload && second.received == 2 && second.digest == nil)
            #expect(await store.usage == (0, 0))
            let last = try await store.receive(
                Data("c".utf8), upload: first.upload, last: true, from: 1000, session: connection)
            let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            #expect(last.received == 3 && last.digest == digest)
            let path = try await store.path(of: digest, for: 1000)
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("abc".utf8))
            #expect(await store.usage == (1, 3))
            // The upload is complete: nothing can be appended.
            _ = await refusal(.notFound) {
                _ = try await store.receive(
                    Data("d".utf8), upload: first.upload, last: true, from: 1000, session: connection)
            }
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("abc".utf8))
        }
    }

    @Test func `an empty file can be uploaded`() async throws {
        try await withStore { store, connection in
            let digest = try await send("", to: store, connection)
            #expect(digest == FileDigest.sha256([]))
            #expect(await store.usage == (1, 0))
        }
    }

    @Test func `a file is visible only to its sender`() async throws {
        try await withStore { store, connection in
            let digest = try await send("abc", to: store, uid: 1000, connection)
            let error = await refusal(.notFound) { _ = try await store.path(of: digest, for: 1001) }
            #expect(error?.parameters == ["kind": .string("upload"), "name": .string(digest)])
            // The same content from another user is a separate file, removed separately.
            #expect(try await send("abc", to: store, uid: 1001, connection) == digest)
            #expect(await store.usage == (2, 6))
            #expect(
                try await store.path(of: digest, for: 1000) != store.path(of: digest, for: 1001))
            await store.discard([digest, "unknown"], of: 1001)
            _ = await refusal(.notFound) { _ = try await store.path(of: digest, for: 1001) }
            #expect(FileManager.default.fileExists(atPath: try await store.path(of: digest, for: 1000)))
            #expect(files.count == 1)
        }
    }

    @Test func `uploading a file again replaces the first copy`() async throws {
        try await withStore { store, connection in
            let digest = try await send("abc", to: store, connection)
            #expect(try await send("abc", to: store, connection) == digest)
            #expect(await store.usage == (1, 3))
            #expect(files.count == 1)
            #expect(FileManager.default.fileExists(atPath: try await store.path(of: digest, for: 1000)))
        }
    }

    @Test func `an upload belongs to its connection and ends with it`() async throws {
        try await withStore { store, connection in
            let other = UploadStore.Session("2")
            let mine = try await store.receive(
                Data("a".utf8), upload: nil, last: false, from: 1000, session: connection)
            _ = await refusal(.notFound) {
                _ = try await store.receive(
                    Data("b".utf8), upload: mine.upload, last: true, from: 1000, session: other)
            }
            _ = await refusal(.notFound) {
                _ = try await store.receive(
                    Data("b".utf8), upload: "../../etc/passwd", last: true, from: 1000, session: connection)
            }
            let whole = try await send("whole", to: store, connection)
            let others = try await store.receive(
                Data("x".utf8), upload: nil, last: false, from: 1000, session: other)
            #expect(files.count == 3)
            await store.end(connection)
            try await eventually("the session's partial upload is removed") { files.count == 2 }
            _ = await refusal(.notFound) {
                _ = try await store.receive(
                    Data("b".utf8), upload: mine.upload, last: true, from: 1000, session: connection)
            }
            // Complete files stay, and so do other connections' uploads.
            _ = try await store.path(of: whole, for: 1000)
            let end = try await store.receive(
                Data("y".utf8), upload: others.upload, last: true, from: 1000, session: other)
            #expect(end.digest == FileDigest.sha256("xy".utf8))
        }
    }

    @Test func `an oversized chunk is rejected, and the upload continues`() async throws {
        try await withStore { store, connection in
            let first = try await store.receive(
                Data("a".utf8), upload: nil, last: false, from: 1000, session: connection)
            let large = Data(count: UploadStore.chunkLimit + 1)
            let error = await refusal(.invalidRequest) {
                _ = try await store.receive(
                    large, upload: first.upload, last: false, from: 1000, session: connection)
            }
            #expect(error?.parameters["field"] == .string("chunk"))
            let last = try await store.receive(
                large.dropLast(), upload: first.upload, last: true, from: 1000, session: connection)
            #expect(last.received == UploadStore.chunkLimit + 1)
        }
    }

    @Test func `the number of unfinished uploads of a connection is limited`() async throws {
        try await withStore { store, connection in
            var uploads: [String] = []
            for _ in 0..<16 {
                uploads.append(
                    try await store.receive(
                        Data("a".utf8), upload: nil, last: false, from: 1000, session: connection
                    ).upload)
            }
            let error = await refusal(.busy) { _ = try await send("b", to: store, connection) }
            #expect(error?.parameters["retryAfter"] == .double(1))
            // Connections are counted separately, and a finished upload frees its place.
            _ = try await send("b", to: store, UploadStore.Session("2"))
            _ = try await store.receive(
                Data(), upload: uploads[0], last: true, from: 1000, session: connection)
            _ = try await send("c", to: store, connection)
        }
    }

    @Test func `uploads left by an earlier run are removed`() async throws {
        try folder.write("left", to: "state/private/uploads/u-1")
        try folder.write("left", to: "state/private/uploads/folder/u-2")
        try await withStore { store, _ in
            #expect(files.isEmpty)
            #expect(await store.usage == (0, 0))
        }
    }
}
