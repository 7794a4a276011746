import ErrorModel
import Foundation
import GRDB
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// Writes that wait together share a transaction.
@Suite("Group commit")
struct GroupCommitTests {
    private let folder: TemporaryFolder
    private let database: DurableDatabase

    init() throws {
        folder = try TemporaryFolder()
        database = try DurableDatabase(
            path: folder("test.db"),
            description: DatabaseDescription(applicationID: 0x5347_4C54, migrator: .remarkedNotes))
    }

    /// How many transactions were committed, by the frames of the write-ahead log that end one.
    private func commits() throws -> Int {
        let log = [UInt8](try folder.read("test.db-wal"))
        return stride(from: 32, to: log.count - 24, by: 24 + 4096).count { place in
            log[(place + 4)..<(place + 8)].contains { $0 != 0 }
        }
    }

    /// Starts writes that all wait while another one is running, and lets that one end.
    private func together<T: Sendable>(
        _ count: Int, _ write: @escaping @Sendable (Int) async throws -> T
    ) async throws -> [Result<T, any Error>] {
        let gate = Gate()
        let database = database
        async let first: Void = database.write { db in
            try db.insert("first")
            gate.waitUntilOpen()
        }
        await gate.waitUntilReached()
        let results = await withTaskGroup(of: (Int, Result<T, any Error>).self) { group in
            for number in 0..<count {
                group.addTask {
                    do { return (number, .success(try await write(number))) } catch {
                        return (number, .failure(error))
                    }
                }
                // In the order of their numbers.
                while database.waitingWrites < number + 1 { await Task.yield() }
            }
            gate.open()
            return await group.reduce(into: [Int: Result<T, any Error>]()) { $0[$1.0] = $1.1 }
        }
        try await first
        return results.sorted { $0.key < $1.key }.map(\.value)
    }

    private func texts() async throws -> [String] {
        try await database.read { try String.fetchAll($0, sql: "SELECT text FROM note ORDER BY rowid") }
    }

    @Test func `writes that wait together are one commit, in their order`() async throws {
        let before = try commits()
        let database = database
        let results = try await together(20) { number in
            try await database.write { db in
                try db.insert("note \(number)")
                return number
            }
        }
        #expect(try results.map { try $0.get() } == Array(0..<20))
        #expect(try await texts() == ["first"] + (0..<20).map { "note \($0)" })
        #expect(try commits() - before == 2, "the first, and all the others together")
    }

    @Test func `a write that fails is rolled back alone`() async throws {
        let database = database
        let results = try await together(4) { number in
            try await database.write { db in
                try db.insert("note \(number)")
                if number == 1 { throw SgloradError(.busy, "not now") }
                if number == 2 { try db.insert("note 0") }
            }
        }
        let codes = results.map { result -> SgloradError.Code? in
            if case .failure(let error) = result { (error as? SgloradError)?.code } else { nil }
        }
        #expect(codes == [nil, .busy, .storageFailure, nil])
        #expect(try await texts() == ["first", "note 0", "note 3"])
    }

    @Test func `a write of a cancelled caller is left out, and the others are written`() async throws {
        let gate = Gate()
        let database = database
        async let first: Void = database.write { _ in gate.waitUntilOpen() }
        await gate.waitUntilReached()
        let cancelled = Task { try await database.write { try $0.insert("cancelled") } }
        while database.waitingWrites < 1 { await Task.yield() }
        async let kept: Void = database.write { try $0.insert("kept") }
        while database.waitingWrites < 2 { await Task.yield() }
        cancelled.cancel()
        // Answered at once, though the line still stands.
        let error = await #expect(throws: SgloradError.self) { try await cancelled.value }
        #expect(error?.code == .cancelled)
        gate.open()
        try await first
        try await kept
        #expect(try await texts() == ["kept"])
    }

    @Test func `where the commit fails, everybody in it gets the error and nothing is changed`() async throws
    {
        let database = database
        let results = try await together(3) { number in
            try await database.write { db in
                try db.insert("note \(number)")
                // Found out at the commit: the referenced row does not exist.
                if number == 1 {
                    try db.execute(sql: "PRAGMA defer_foreign_keys = ON")
                    try db.execute(sql: "INSERT INTO remark (note) VALUES ('nowhere')")
                }
            }
        }
        #expect(results.allSatisfy { (try? $0.get()) == nil })
        #expect(try await texts() == ["first"])
        // And the next ones are written.
        try await database.write { try $0.insert("later") }
        #expect(try await texts() == ["first", "later"])
    }

    @Test
    func `where SQLite gives up the whole transaction, the others are written without the one to blame`()
        async throws
    {
        let database = database
        let results = try await together(3) { number in
            try await database.write { db in
                try db.insert("note \(number)")
                // As a full disk may: SQLite ends the transaction of all.
                if number == 1 {
                    try db.execute(sql: "INSERT OR ROLLBACK INTO note (text) VALUES ('note 1')")
                }
            }
        }
        #expect(results.map { (try? $0.get()) != nil } == [true, false, true])
        #expect(try await texts() == ["first", "note 0", "note 2"])
    }

    @Test func `those who wait when the database is closed are told`() async throws {
        let gate = Gate()
        let database = database
        async let first: Void = database.write { _ in gate.waitUntilOpen() }
        await gate.waitUntilReached()
        let late = Task { try await database.write { try $0.insert("late") } }
        while database.waitingWrites < 1 { await Task.yield() }
        let closing = Task.detached { try database.close() }
        while database.isOpen { await Task.yield() }
        gate.open()
        try await first
        try await closing.value
        let error = await #expect(throws: SgloradError.self) { try await late.value }
        #expect(error?.code == .storageFailure)
    }

    @Test func `a deferred commit is visible at once, and the connection is as strict as before afterwards`()
        async throws
    {
        let levels = Mutex<[Int?]>([])
        let note = { @Sendable (db: Database) in
            let level = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            levels.withLock { $0.append(level) }
        }
        try await database.writeDeferred { db in
            try db.insert("deferred")
            try note(db)
        }
        #expect(try await texts() == ["deferred"])
        try await database.write { db in
            try db.insert("immediate")
            try note(db)
        }
        #expect(levels.withLock { $0 } == [1, 2])
        try await database.synchronise()
    }

    @Test func `company that must be durable makes the whole group durable`() async throws {
        let database = database
        let results = try await together(2) { number in
            let body = { @Sendable (db: Database) in try Int.fetchOne(db, sql: "PRAGMA synchronous") }
            return number == 0 ? try await database.writeDeferred(body) : try await database.write(body)
        }
        #expect(try results.map { try $0.get() } == [2, 2])
    }
}

extension DatabaseMigrator {
    /// Notes, and remarks that reference them.
    fileprivate static var remarkedNotes: DatabaseMigrator {
        var migrator = DatabaseMigrator.notes
        migrator.registerMigration("2") {
            try $0.execute(sql: "CREATE TABLE remark (note TEXT NOT NULL REFERENCES note (text)) STRICT")
        }
        return migrator
    }
}

/// Holds one thread until it is let go.
private final class Gate: Sendable {
    private let reached = Mutex(false)
    private let semaphore = DispatchSemaphore(value: 0)

    func waitUntilOpen() {
        reached.withLock { $0 = true }
        semaphore.wait()
    }

    func waitUntilReached() async {
        while !reached.withLock({ $0 }) { await Task.yield() }
    }

    func open() { semaphore.signal() }
}
