import ErrorModel
import Files
import Foundation
import GRDB
import Glibc
import Storage
import Synchronization
import TestSupport
import Testing

@Suite("DurableDatabase")
struct DurableDatabaseTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ name: String = "test.db") throws -> DurableDatabase {
        try DurableDatabase(
            path: folder(name), description: DatabaseDescription(applicationID: 0x5347_4C54, migrator: .notes)
        )
    }

    private func texts(_ database: DurableDatabase) async throws -> [String] {
        try await database.read { try String.fetchAll($0, sql: "SELECT text FROM note ORDER BY text") }
    }

    @Test func `commits are synchronised and deleted content is overwritten`() async throws {
        let database = try open()
        for (pragma, value) in [
            ("journal_mode", "wal"), ("synchronous", "2"), ("secure_delete", "1"), ("trusted_schema", "0"),
            ("cell_size_check", "1"), ("application_id", "\(0x5347_4C54)"), ("foreign_keys", "1"),
        ] {
            let found = try await database.read {
                try Row.fetchOne($0, sql: "PRAGMA \(pragma)")?[0] as DatabaseValue?
            }
            #expect(found?.description.trimmingCharacters(in: ["\""]) == value, "\(pragma)")
        }
        try database.close()
        // Again, where the file is there already.
        let again = try open()
        let synchronous = try await again.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(synchronous == 2)
        try again.close()
    }

    @Test func `a write that returned survives a crash`() async throws {
        let database = try open()
        try await database.write { try $0.insert("kept") }
        // What is on the disk at this moment is what a crash would leave.
        for suffix in ["", "-wal"] {
            try folder.write(try folder.read("test.db" + suffix), to: "crashed.db" + suffix)
        }
        #expect(try await texts(open("crashed.db")) == ["kept"])
        try database.close()
    }

    @Test func `a transaction is applied whole or not at all`() async throws {
        let database = try open()
        try database.writeNow { try $0.insert("first") }
        let error = await #expect(throws: SgloradError.self) {
            try await database.write { db in
                try db.insert("second")
                throw SgloradError(.busy, "not now")
            }
        }
        #expect(error?.code == .busy && error?.message == "not now")
        _ = await #expect(throws: SgloradError.self) {
            try await database.write { db in
                try db.insert("third")
                try db.insert("first")
            }
        }
        #expect(try await texts(database) == ["first"])
        try database.close()
    }

    @Test func `the log is truncated once another connection has read it to the end`() async throws {
        let database = try open()
        try await database.write { try $0.insert("read") }
        let other = try DatabaseQueue(path: folder("test.db"))
        let (reading, begin) = AsyncStream.makeStream(of: Void.self)
        let ended = Mutex(false)
        let reader = Task {
            try await onOwnThread {
                try other.read { db in
                    _ = try String.fetchAll(db, sql: "SELECT text FROM note")
                    begin.finish()
                    // Long enough for a look at the log that finds it in use.
                    usleep(200_000)
                    ended.withLock { $0 = true }
                }
            }
        }
        for await _ in reading {}
        try await database.truncateLog()
        #expect(ended.withLock { $0 })
        #expect(try folder.read("test.db-wal").isEmpty)
        try await reader.value
        try other.close()
        try database.close()
    }

    @Test func `deleted content is nowhere in the file`() async throws {
        let database = try open()
        let word = "ptarmigan"
        let text = String(repeating: word + " ", count: 2000)
        try await database.write { try $0.insert(text) }
        try await database.write { try $0.execute(sql: "DELETE FROM note") }
        try database.close()
        #expect(try Data(folder.read("test.db")).range(of: Data(word.utf8)) == nil)
        #expect(Folder.entries(of: folder.path) == ["test.db"])
    }

    @Test func `a cancelled caller gets an error`() async throws {
        let database = try open()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await database.read { try Int.fetchOne($0, sql: "SELECT 1") }
        }
        let error = await #expect(throws: SgloradError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        // And the next one is not.
        #expect(try await texts(database).isEmpty)
        try database.close()
    }

    @Test func `the library's version is known`() {
        #expect(DurableDatabase.sqliteVersion.hasPrefix("3."))
    }

    @Test func `a closed database rejects reads and writes`() async throws {
        let database = try open()
        try database.close()
        let reading = await #expect(throws: SgloradError.self) {
            try await database.read { try Int.fetchOne($0, sql: "SELECT 1") }
        }
        #expect(reading?.code == .storageFailure)
        await #expect(throws: SgloradError.self) { try await database.write { _ in } }
    }

    @Test func `a user's column holds the plain number, and no other number`() async throws {
        let database = try open()
        let largest = UserID(rawValue: .max)
        let (kind, number, read, none) = try await database.read { db in
            (
                try String.fetchOne(db, sql: "SELECT typeof(?)", arguments: [largest]),
                try Int64.fetchOne(db, sql: "SELECT ?", arguments: [largest]),
                try UserID.fetchOne(db, sql: "SELECT 4294967295"),
                UserID.fromDatabaseValue((-1).databaseValue)
            )
        }
        #expect(kind == "integer" && number == 4_294_967_295 && read == largest && none == nil)
        try database.close()
    }
}

extension DatabaseMigrator {
    /// One table of texts.
    static var notes: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") {
            try $0.execute(sql: "CREATE TABLE note (text TEXT NOT NULL PRIMARY KEY) STRICT")
        }
        return migrator
    }
}

extension Database {
    /// Adds a note.
    func insert(_ text: String) throws {
        try execute(sql: "INSERT INTO note (text) VALUES (?)", arguments: [text])
    }
}
