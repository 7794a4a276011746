import DurableStorage
import ErrorModel
import ExpertCache
import Foundation
import GRDB
import Testing

@Suite("The cache's database")
struct MigrationTests {
    private let place: TemporaryCache

    init() throws { place = try TemporaryCache() }

    @Test func `it is made from nothing, and opened again as it is`() async throws {
        #expect(!FileManager.default.fileExists(atPath: place.state.cacheDatabase))
        let cache = try place.open()
        #expect(try await cache.bases().isEmpty)
        #expect(try await cache.experts().isEmpty)
        #expect(try await cache.generators().isEmpty)
        #expect(try await cache.adapters(uid: nil).isEmpty)
        #expect(try await cache.insert(Sample.base()))
        try cache.close()
        let again = try place.open()
        #expect(try await again.bases() == [Sample.base()])
        try again.close()
    }

    @Test func `an empty file is taken for a new database`() async throws {
        #expect(FileManager.default.createFile(atPath: place.state.cacheDatabase, contents: Data()))
        let cache = try place.open()
        #expect(try await cache.insert(Sample.base()))
        try cache.close()
    }

    @Test func `a person can tell whose it is`() throws {
        try place.open().close()
        let database = try DatabaseQueue(path: place.state.cacheDatabase)
        let number = try database.read { try Int.fetchOne($0, sql: "PRAGMA application_id") }
        // "SGLC".
        #expect(number == 0x5347_4C43)
    }

    @Test func `a file that is no database is refused by name, and left as it is`() async throws {
        let bytes = Data(repeating: 0x41, count: 8192)
        try bytes.write(to: URL(filePath: place.state.cacheDatabase))
        let error = await refusal(.storageFailure) { try place.open() }
        #expect(error?.parameters["path"] == .string(place.state.cacheDatabase))
        #expect(error?.message.contains("moves the file aside") == true)
        #expect(try Data(contentsOf: URL(filePath: place.state.cacheDatabase)) == bytes)
    }

    @Test func `a cache that is closed takes nothing`() async throws {
        let cache = try place.open()
        try cache.close()
        _ = await refusal(.storageFailure) { try await cache.insert(Sample.base()) }
        let again = try place.open()
        #expect(try await again.bases().isEmpty)
        try again.close()
    }
}
