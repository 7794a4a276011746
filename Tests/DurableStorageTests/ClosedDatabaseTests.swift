import DurableStorage
import ErrorModel
import Foundation
import GRDB
import Testing

@Suite struct ClosedDatabaseTests {
    @Test("a database that is closed answers with an error, to reads and writes alike")
    func answersWithAnError() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "closed-\(UUID().uuidString).db")
            .path(percentEncoded: false)
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
        let database = try DurableDatabase(path: path, applicationID: 1, migrator: DatabaseMigrator())
        try database.close()
        let reading = await #expect(throws: SgloradError.self) {
            try await database.read { try Int.fetchOne($0, sql: "SELECT 1") }
        }
        #expect(reading?.code == .storageFailure)
        await #expect(throws: SgloradError.self) { try await database.write { _ in } }
    }
}
