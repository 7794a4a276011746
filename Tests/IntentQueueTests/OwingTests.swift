import ErrorModel
import Foundation
import GRDB
import IntentQueue
import Privacy
import Testing

@Suite("Results owed to the spool", .timeLimit(.minutes(20)))
struct OwingTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    private func spooled(_ name: String, key: String? = nil) -> Submission {
        Submission(
            QueuedIntent(text: "text", seed: 1), base: "b", uid: 7,
            key: key.map { IdempotencyKey($0, content: [1], origin: .spool) }, spoolName: name)
    }

    @Test func `a result is owed from its end to its delivery, over a restart too`() async throws {
        var queue = try place.open()
        let id = try await queue.submit(spooled("a.json")).id
        try await queue.submit("not from the spool")
        #expect(try await queue.owed(limit: 10).isEmpty)
        try await queue.end(.refused)
        try await queue.end(.done, adapter: "a-1")
        try await queue.close()
        queue = try place.open()
        let owed = try await queue.owed(limit: 10)
        #expect(owed.map(\.request.id) == [id] && owed.first?.request.spoolName == "a.json")
        #expect(try await queue.owed(after: try #require(owed.first).sequence, limit: 10).isEmpty)
        try await queue.delivered(owed)
        #expect(try await queue.owed(limit: 10).isEmpty)
        try await queue.close()
    }

    @Test func `a request that is tried again owes its next result, whatever was delivered meanwhile`()
        async throws
    {
        let queue = try place.open()
        let id = try await queue.submit(spooled("a.json")).id
        try await queue.end(.failed)
        let owed = try await queue.owed(limit: 10)
        _ = try await queue.retry(id, text: "text")
        try await queue.delivered(owed)
        #expect(try await queue.owed(limit: 10).isEmpty)
        try await queue.end(.done, adapter: "a-1")
        #expect(try await queue.owed(limit: 10).map(\.request.state) == [.done])
        try await queue.close()
    }

    @Test func `a repetition owes the result once more; keys of the socket are others`() async throws {
        let queue = try place.open()
        let id = try await queue.submit(spooled("a.json", key: "k")).id
        try await queue.end(.refused)
        try await queue.delivered(try await queue.owed(limit: 10))
        #expect(try await queue.submit(spooled("a.json", key: "k")).id == id)
        #expect(try await queue.owed(limit: 10).map(\.request.id) == [id])
        let client = Submission(
            QueuedIntent(text: "text", seed: 1), base: "b", uid: 7, key: IdempotencyKey("k", content: [2]))
        #expect(try await queue.submit(client).id != id)
        try await queue.close()
    }

    @Test func `what is owed is not forgotten, however old`() async throws {
        let time = ManualClock()
        let queue = try place.open(QueueOptions(keepRequests: .seconds(100)), clock: time.clock())
        let id = try await queue.submit(spooled("a.json")).id
        try await queue.end(.failed)
        time.pass(.seconds(1000))
        try await queue.sweep()
        #expect(try await queue.request(id) != nil)
        try await queue.delivered(try await queue.owed(limit: 1))
        try await queue.sweep()
        #expect(try await queue.request(id) == nil)
        try await queue.close()
    }

    @Test func `a queue of the second version owes nothing and can owe`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("old").id
        try await queue.close()
        // Back to what the second version wrote.
        let old = try DatabaseQueue(path: place.path)
        try await old.write { db in
            try db.execute(
                sql: """
                    DROP INDEX requestOwed;
                    ALTER TABLE request DROP COLUMN isOwed;
                    ALTER TABLE request DROP COLUMN spoolName;
                    DELETE FROM grdb_migrations WHERE identifier LIKE '3:%';
                    """)
        }
        try old.close()
        let again = try place.open()
        #expect(try await again.request(id)?.spoolName == nil)
        try await again.submit(spooled("a.json"))
        try await again.end(.failed)
        #expect(try await again.owed(limit: 10).isEmpty)
        try await again.end(.failed)
        #expect(try await again.owed(limit: 10).map(\.request.spoolName) == ["a.json"])
        try await again.close()
    }
}
