import ErrorModel
import Files
import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite("Database errors")
struct DatabaseErrorTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open() throws -> DurableDatabase {
        try DurableDatabase(
            path: folder("test.db"), description: DatabaseDescription(applicationID: 1, migrator: .notes))
    }

    /// Expects an error that names the database's file and says what to do.
    private func expect(
        _ error: SgloradError?, says remedy: String, location: SourceLocation = #_sourceLocation
    ) {
        #expect(error?.code == .storageFailure, sourceLocation: location)
        #expect(error?.parameters["path"] == .string(folder("test.db")), sourceLocation: location)
        let message = error?.message ?? ""
        #expect(message.contains(remedy), sourceLocation: location)
        #expect(error?.cause is DatabaseError, sourceLocation: location)
    }

    private static let aside =
        "Restart the daemon: it moves the file to damaged/ and rebuilds what it can from the manifests."

    @Test func `a file that is not a database`() throws {
        try folder.write([UInt8](repeating: 0x55, count: 5000), to: "test.db")
        expect(refusal(.storageFailure) { _ = try open() }, says: Self.aside)
        #expect(try folder.read("test.db") == [UInt8](repeating: 0x55, count: 5000))
    }

    @Test func `a database with damaged pages`() async throws {
        let database = try open()
        try await database.write { db in
            for number in 0..<500 { try db.insert("note \(number) " + String(repeating: "x", count: 100)) }
        }
        try database.close()
        var bytes = try folder.read("test.db")
        try #require(bytes.count > 40_000)
        // All but the first page, where the schema is.
        for place in 4096..<bytes.count { bytes[place] = 0x5A }
        try folder.write(bytes, to: "test.db")
        // Found when it is opened or when the page is read.
        let error = await #expect(throws: SgloradError.self) {
            let damaged = try open()
            _ = try await damaged.read { try String.fetchAll($0, sql: "SELECT text FROM note") }
        }
        expect(error, says: Self.aside)
    }

    @Test func `a write within a read`() async throws {
        let database = try open()
        let error = await #expect(throws: SgloradError.self) {
            try await database.read { try $0.insert("smuggled") }
        }
        expect(error, says: "Check the file's owner, mode and file system.")
        let count = try await database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM note") }
        #expect(count == 0)
        try database.close()
    }

    @Test func `a file that cannot be opened`() throws {
        try FileManager.default.createDirectory(
            atPath: folder("test.db"), withIntermediateDirectories: true)
        expect(
            refusal(.storageFailure) { _ = try open() }, says: "Check the file's owner, mode and file system."
        )
    }

    @Test func `a full disk, which works again once space is free`() async throws {
        let database = try open()
        try await database.write { try $0.execute(sql: "PRAGMA max_page_count = 10") }
        let large = String(repeating: "x", count: 100_000)
        let error = await #expect(throws: SgloradError.self) {
            try await database.write { try $0.insert(large) }
        }
        expect(error, says: "Free space on that disk and try again.")
        try await database.write { try $0.execute(sql: "PRAGMA max_page_count = 1000") }
        try await database.write { try $0.insert(large) }
        try database.close()
    }

    @Test func `a violated constraint`() async throws {
        let database = try open()
        try await database.write { try $0.insert("once") }
        let error = await #expect(throws: SgloradError.self) {
            try await database.write { try $0.insert("once") }
        }
        expect(error, says: "UNIQUE constraint failed: note.text")
        try database.close()
    }

    @Test func `a migration that fails`() {
        var migrator = DatabaseMigrator.notes
        migrator.registerMigration("2") { try $0.execute(sql: "DROP TABLE nowhere") }
        let error = refusal(.storageFailure) {
            _ = try DurableDatabase(
                path: folder("test.db"),
                description: DatabaseDescription(applicationID: 1, migrator: migrator))
        }
        expect(error, says: "no such table: nowhere")
    }
}
