import ErrorModel
import Files
import GRDB
import Storage
import Testing

@testable import IntentQueue

/// What decides within one transaction, without an actor around it.
@Suite("Turns, room and retention")
struct TransactionTests {
    private let database: DatabaseQueue

    init() throws { database = try emptyDatabase() }

    private func insert(_ records: [RequestRecord], in db: Database) throws {
        for var record in records { try record.insert(db) }
    }

    /// Starts the next request.
    private func next(_ db: Database) throws -> String? {
        guard let sequence = try UserTurnOrder.next(db),
            var record = try RequestRecord.fetchOne(db, key: sequence)
        else { return nil }
        try record.start(db, token: "token-\(sequence)")
        return record.id
    }

    @Test func `users take turns, from the one who was served the longest ago`() throws {
        try database.write { db in
            try insert([.queued("a1", uid: 1), .queued("a2", uid: 1), .queued("a3", uid: 1)], in: db)
            try insert([.queued("b1", uid: 2), .queued("b2", uid: 2)], in: db)
            let first = try (0..<3).map { _ in try next(db) }
            #expect(first == ["a1", "b1", "a2"])
            try insert([.queued("c1", uid: 4_294_967_295)], in: db)
            let second = try (0..<4).map { _ in try next(db) }
            #expect(second == ["c1", "b2", "a3", nil])
        }
    }

    @Test func `the turns of users without requests are forgotten`() throws {
        try database.write { db in
            try insert([.queued("a1", uid: 1), .queued("b1", uid: 2)], in: db)
            _ = (try next(db), try next(db))
            try RequestRecord.filter(RequestRecord.Columns.uid == UserID(1)).deleteAll(db)
            try UserTurnOrder.prune(db)
            #expect(try UserID.fetchAll(db, sql: "SELECT uid FROM turn") == [2])
        }
    }

    @Test func `the next turn is found by the partial index, without a scan of the queue`() throws {
        let plan = try database.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + UserTurnOrder.sql, arguments: ["lane": 0]).map {
                $0["detail"] as String
            }
        }
        let requests = plan.filter { $0.contains(" request ") }
        #expect(requests.count >= 3 && requests.allSatisfy { $0.contains("INDEX requestWaiting") }, "\(plan)")
    }

    @Test func `pending results are found by their partial index`() throws {
        let plan = try database.read { db in
            let statement = try RequestQueue.pending(after: 7, limit: 9).makePreparedRequest(db).statement
            return try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN " + statement.sql, arguments: statement.arguments
            ).map { $0["detail"] as String }
        }
        #expect(plan.count == 1 && plan.first?.contains("INDEX requestOwed") == true, "\(plan)")
    }

    @Test func `room is counted once and then kept up to date`() throws {
        try database.write { db in
            try insert([.queued("a1", uid: 1)], in: db)
            var room = QueueRoom(db, QueueOptions(capacity: 4, perUser: 2))
            let left = [try room.left(for: 1), try room.left(for: 2)]
            #expect(left == [1, 2])
            try room.reserve(for: 1)
            let quota = #expect(throws: SgloradError.self) { try room.reserve(for: 1) }
            #expect(quota?.message.contains("2 open requests") == true)
            try room.reserve(for: 2)
            let last = (try room.left(for: 3), try room.isAvailable())
            #expect(last == (1, true))
            try room.reserve(for: 3)
            let isAvailable = try room.isAvailable()
            #expect(!isAvailable)
            let full = #expect(throws: SgloradError.self) { try room.reserve(for: 3) }
            #expect(full?.message.contains("4 requests are open") == true)
        }
    }

    @Test func `final requests take up no room`() throws {
        try database.write { db in
            var record = RequestRecord.queued("a1")
            try record.insert(db)
            var before = QueueRoom(db, QueueOptions(capacity: 1))
            let isFull = try !before.isAvailable()
            try record.cancel(db, at: .at(2), retainingText: false)
            var after = QueueRoom(db, QueueOptions(capacity: 1))
            let isAvailable = try after.isAvailable()
            #expect(isFull && isAvailable)
        }
    }

    @Test func `retention erases what is due, and nothing of open requests or pending results`() throws {
        let options = QueueOptions(
            keepKeys: .seconds(10), keepRequests: .seconds(30), retainIntents: .seconds(5),
            keepLabels: .seconds(20))
        func count(_ condition: String, _ db: Database) throws -> Int? {
            try Int.fetchOne(db, sql: "SELECT count(*) FROM \(condition)")
        }
        try database.write { db in
            for (id, spoolName) in [("final", nil), ("pending", "a.json"), ("open", nil)]
                as [(String, String?)]
            {
                var record = RequestRecord.queued(id)
                (record.label, record.keyHash, record.contentHash) = ("label", id, "content")
                (record.spoolName, record.isResultPending) = (spoolName, spoolName != nil)
                try record.insert(db)
                guard id != "open" else { continue }
                try record.finish(
                    db, as: .refused, failure: .mishap, at: .at(1), retainingText: true)
            }
            func sweep(_ db: Database, at age: Double) throws {
                let retention = Retention(options: options, now: .at(age))
                #expect(try retention.isDue(db))
                try retention.apply(db)
                #expect(try !retention.isDue(db))
            }
            #expect(try !Retention(options: options, now: .at(5.9)).isDue(db))
            try sweep(db, at: 6)
            #expect(try count("retained", db) == 0)
            try sweep(db, at: 11)
            #expect(try count("request WHERE keyHash IS NOT NULL", db) == 1)
            try sweep(db, at: 21)
            #expect(try count("request WHERE label IS NOT NULL", db) == 1)
            try sweep(db, at: 31)
            #expect(
                try String.fetchAll(db, sql: "SELECT id FROM request ORDER BY id") == ["open", "pending"])
        }
    }
}
