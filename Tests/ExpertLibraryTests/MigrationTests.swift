import ErrorModel
import ExpertLibrary
import Files
import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite("cache.db")
struct MigrationTests {
    private let place: TemporaryLibrary

    init() throws { place = try TemporaryLibrary() }

    @Test func `it is created where it is missing, and reopened unchanged`() async throws {
        #expect(!FileManager.default.fileExists(atPath: place.state.cacheDatabase))
        let store = try place.open()
        #expect(try await store.bases.all().isEmpty)
        #expect(try await store.experts.all().isEmpty)
        #expect(try await store.generators.all().isEmpty)
        #expect(try await store.adapters.all().isEmpty)
        #expect(try await store.bases.insert(Sample.base()))
        try store.close()
        let again = try place.open()
        #expect(try await again.bases.all() == [Sample.base()])
        try again.close()
    }

    @Test func `an empty file becomes a new database`() async throws {
        #expect(FileManager.default.createFile(atPath: place.state.cacheDatabase, contents: Data()))
        let store = try place.open()
        #expect(try await store.bases.insert(Sample.base()))
        try store.close()
    }

    @Test func `its application ID identifies it`() throws {
        try place.open().close()
        let database = try DatabaseQueue(path: place.state.cacheDatabase)
        let number = try database.read { try Int.fetchOne($0, sql: "PRAGMA application_id") }
        // "SGLC".
        #expect(number == 0x5347_4C43)
    }

    @Test func `a file that is not a database is rejected, named and left unchanged`() async throws {
        let bytes = Data(repeating: 0x41, count: 8192)
        try bytes.write(to: URL(filePath: place.state.cacheDatabase))
        let error = refusal(.storageFailure) { _ = try place.open() }
        #expect(error?.parameters["path"] == .string(place.state.cacheDatabase))
        #expect(error?.message.contains("moves the file to damaged/") == true)
        #expect(try Data(contentsOf: URL(filePath: place.state.cacheDatabase)) == bytes)
    }

    @Test func `a closed library rejects writes`() async throws {
        let store = try place.open()
        try store.close()
        _ = await refusal(.storageFailure) { _ = try await store.bases.insert(Sample.base()) }
        let again = try place.open()
        #expect(try await again.bases.all().isEmpty)
        try again.close()
    }
}
