import ErrorModel
import Files
import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite("Examination of a database")
struct DatabaseExaminationTests {
    private static let count = 300
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static var description: DatabaseDescription {
        DatabaseDescription(applicationID: 0x5347_4C54, migrator: .indexedNotes)
    }

    private var path: String { folder("test.db") }

    /// The bytes of a closed database with notes, an index and free pages.
    private func soundBytes() async throws -> [UInt8] {
        let database = try DurableDatabase(path: path, description: Self.description)
        try await database.write { db in
            for number in 0..<2 * Self.count {
                try db.execute(
                    sql: "INSERT INTO note (text, place) VALUES (?, ?)",
                    arguments: ["note \(number) " + String(repeating: "x", count: 100), number % 7])
            }
            try db.execute(sql: "DELETE FROM note WHERE rowid > ?", arguments: [Self.count])
        }
        try database.close()
        return try folder.read("test.db")
    }

    private func examine(_ bytes: [UInt8]) throws -> DatabaseFinding {
        for file in DatabaseHealth.files(of: path) { try? FileManager.default.removeItem(atPath: file) }
        try folder.write(bytes, to: "test.db")
        return try DatabaseHealth.examine(path, as: Self.description)
    }

    /// How many notes there are, counted by the table and by the index.
    private func counts() async throws -> [Int] {
        let database = try DurableDatabase(path: path, description: Self.description)
        let problems = try await database.problems()
        #expect(problems.isEmpty, "\(problems)")
        let counts = try await database.read { db in
            [
                try Int.fetchOne(db, sql: "SELECT COUNT(text) FROM note NOT INDEXED") ?? 0,
                try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM note INDEXED BY notePlace WHERE place >= 0")
                    ?? 0,
            ]
        }
        try database.close()
        return counts
    }

    @Test func `a missing and a sound database are sound`() async throws {
        #expect(try DatabaseHealth.examine(path, as: Self.description) == .sound)
        #expect(try examine(await soundBytes()) == .sound)
        #expect(try await counts() == [Self.count, Self.count])
    }

    @Test func `a changed byte anywhere in the header costs no row`() async throws {
        let sound = try await soundBytes()
        for offset in 0..<100 {
            for mask: UInt8 in [0x01, 0x10, 0xFF] {
                var bytes = sound
                bytes[offset] ^= mask
                let finding = try examine(bytes)
                if case .damaged(let problem) = finding { Issue.record("\(offset) ^ \(mask): \(problem)") }
                #expect(try await counts() == [Self.count, Self.count], "\(offset) ^ \(mask)")
            }
        }
    }

    @Test func `a changed byte in an index is found, and the index is rebuilt`() async throws {
        let sound = try await soundBytes()
        let number = try await root("notePlace")
        for offset in [9, 200, 1000, 4000].map({ (number - 1) * 4096 + $0 }) {
            var bytes = sound
            bytes[offset] ^= 0x04
            let finding = try examine(bytes)
            if case .damaged(let problem) = finding { Issue.record("\(offset): \(problem)") }
            #expect(try await counts() == [Self.count, Self.count])
        }
    }

    @Test func `a changed byte in the list of free pages costs no row`() async throws {
        let sound = try await soundBytes()
        let trunk = Int(sound[32..<36].reduce(0 as UInt32) { $0 << 8 | UInt32($1) })
        try #require(trunk > 0)
        for offset in [0, 3, 4, 7, 8, 11, 12].map({ (trunk - 1) * 4096 + $0 }) {
            var bytes = sound
            bytes[offset] ^= 0x05
            let finding = try examine(bytes)
            guard case .repaired(let repair) = finding else {
                Issue.record("\(offset): \(finding)")
                continue
            }
            #expect(!repair.isEmpty)
            #expect(try await counts() == [Self.count, Self.count])
        }
    }

    @Test(arguments: 0..<60)
    func `whatever byte has changed, the database is sound afterwards or is called damaged`(seed: Int)
        async throws
    {
        let sound = try await soundBytes()
        var bytes = sound
        // Evenly spread, with a prime step so that every page is met.
        let offset = (seed * 7919 + 104_729) % sound.count
        bytes[offset] ^= UInt8(1 << (seed % 8))
        let finding = try examine(bytes)
        if case .damaged = finding { return }
        // A row of the table may be lost only with a report.
        let found = try await counts()
        #expect(
            found[0] == found[1] && (found[0] == Self.count || finding != .sound), "\(offset): \(finding)")
    }

    @Test func `a changed name of a migration is restored`() async throws {
        let sound = try await soundBytes()
        let name = Data("2: place".utf8)
        let place = try #require(Data(sound).range(of: name, options: .backwards))
        var bytes = sound
        bytes[place.upperBound - 1] ^= 0x20
        guard case .repaired = try examine(bytes) else {
            Issue.record("it was not repaired")
            return
        }
        #expect(try await counts() == [Self.count, Self.count])
    }

    @Test func `a newer schema is refused and left as it is`() async throws {
        _ = try await soundBytes()
        var newer = DatabaseMigrator.indexedNotes
        newer.registerMigration("3: colours") {
            try $0.execute(sql: "ALTER TABLE note ADD COLUMN colour TEXT")
        }
        let description = DatabaseDescription(applicationID: 0x5347_4C54, migrator: newer)
        try DurableDatabase(path: path, description: description).close()
        let errors = [
            refusal(.storageFailure) { _ = try DatabaseHealth.examine(path, as: Self.description) },
            refusal(.storageFailure) { _ = try DurableDatabase(path: path, description: Self.description) },
        ]
        for error in errors {
            let message = error?.message ?? ""
            #expect(message.contains("'3: colours'") && message.contains("newer version"), "\(message)")
            #expect(message.contains("Install"), "\(message)")
        }
        #expect(try DatabaseHealth.examine(path, as: description) == .sound)
        try DurableDatabase(path: path, description: description).close()
    }

    @Test func `the database of another program is refused, not called damaged`() throws {
        let other = try DatabaseQueue(path: path)
        try other.writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA application_id = 12345678; CREATE TABLE theirs (x)")
        }
        try other.close()
        let error = refusal(.storageFailure) { _ = try DatabaseHealth.examine(path, as: Self.description) }
        #expect(error?.message.contains("another program") == true)
    }

    /// The first page of a table or an index.
    private func root(_ name: String) async throws -> Int {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        let page = try await queue.read {
            try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_schema WHERE name = ?", arguments: [name])
        }
        return try #require(page)
    }
}

extension DatabaseMigrator {
    /// Notes with an index on a number.
    fileprivate static var indexedNotes: DatabaseMigrator {
        var migrator = DatabaseMigrator.notes
        migrator.registerMigration("2: place") {
            try $0.execute(
                sql: """
                    ALTER TABLE note ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
                    CREATE INDEX notePlace ON note (place);
                    """)
        }
        return migrator
    }
}
