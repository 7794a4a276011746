import ErrorModel
import Foundation
import GRDB
import Privacy
import Testing

@testable import IntentQueue

@Suite("Recovery", .timeLimit(.minutes(20)))
struct RecoveryTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    @Test func `what was published before the end was written is done, once`() async throws {
        let queue = try place.open(QueueOptions(attempts: 1))
        let published = try await queue.submit("published").id
        let lost = try await queue.submit("lost").id
        let waiting = try await queue.submit("waiting").id
        _ = try await queue.taken()
        _ = try await queue.taken()
        try await queue.close()

        let again = try place.open(QueueOptions(attempts: 1))
        try await again.recover { (id) throws(SgloradError) in id == published ? "a-7" : nil }
        let done = try #require(try await again.request(published))
        #expect(done.state == .done && done.adapter == "a-7")
        #expect(try await again.request(lost)?.state == .failed)
        #expect(try await again.taken().request.id == waiting)
        #expect(try await again.take() == nil)
        try await again.recover { (_) throws(SgloradError) in "a-8" }
        #expect(try await again.request(published) == done)
        try await again.close()
    }

    @Test func `a cache that cannot be read is said, and nothing is decided`() async throws {
        let queue = try place.open(QueueOptions(attempts: 1))
        let id = try await queue.submit("text").id
        _ = try await queue.taken()
        try await queue.close()
        let again = try place.open(QueueOptions(attempts: 1))
        _ = await refusal(.storageFailure) {
            try await again.recover { (_) throws(SgloradError) in throw .storageFailure("cache.db", "gone") }
        }
        #expect(try await again.request(id)?.state == .queued)
        try await again.close()
    }

    @Test func `a queue of the first version keeps its order, and its running requests wait again`()
        async throws
    {
        let intent = #"{"text":"birds","seed":5,"force":false}"#
        let old = try DatabaseQueue(path: place.path)
        try await old.write { db in
            try db.execute(
                sql: """
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    INSERT INTO grdb_migrations VALUES ('1: requests');
                    CREATE TABLE request (
                        id TEXT NOT NULL PRIMARY KEY,
                        uid INTEGER NOT NULL,
                        base TEXT NOT NULL,
                        label TEXT,
                        intent TEXT,
                        state TEXT NOT NULL
                            CHECK (state IN ('queued', 'running', 'done', 'refused', 'failed', 'cancelled')),
                        submittedAt REAL NOT NULL,
                        finishedAt REAL,
                        adapter TEXT,
                        failure TEXT,
                        CHECK ((finishedAt IS NOT NULL) = (state IN ('done', 'refused', 'failed', 'cancelled'))),
                        CHECK ((intent IS NULL) = (finishedAt IS NOT NULL)),
                        CHECK ((adapter IS NOT NULL) = (state = 'done'))
                    ) STRICT;
                    CREATE INDEX requestByState ON request (state, submittedAt);
                    INSERT INTO request VALUES ('r-late', 1, 'b', NULL, '\(intent)', 'queued', 30, NULL, NULL, NULL);
                    INSERT INTO request VALUES ('r-early', 1, 'b', 'l', '\(intent)', 'running', 10, NULL, NULL, NULL);
                    INSERT INTO request VALUES ('r-done', 1, 'b', NULL, NULL, 'done', 20, 21, 'a-1', NULL);
                    """)
        }
        try old.close()
        let queue = try place.open()
        #expect(try await queue.counts() == [.queued: 2, .done: 1])
        let first = try await queue.taken()
        #expect(first.request.id == "r-early" && first.request.label == "l" && first.intent.text == "birds")
        #expect(try await queue.taken().request.id == "r-late")
        #expect(try await queue.request("r-done")?.adapter == "a-1")
        #expect(try await queue.requests(uid: 1, limit: 9).map(\.id) == ["r-late", "r-done", "r-early"])
        try await queue.finish(first.lease, as: .done, adapter: "a-2")
        try await queue.close()
    }

    @Test func `a list is newest first, and by owner, state and label`() async throws {
        let queue = try place.open()
        func submit(_ uid: Int, _ label: String?) async throws -> String {
            try await queue.submit(QueuedIntent(text: "t", seed: 1), base: "b", uid: uid, label: label).id
        }
        let ids = [try await submit(1, "x"), try await submit(2, "x"), try await submit(1, nil)]
        #expect(try await queue.requests(uid: nil, limit: 10).map(\.id) == ids.reversed())
        #expect(try await queue.requests(uid: nil, limit: 2).map(\.id) == [ids[2], ids[1]])
        #expect(try await queue.requests(uid: 1, limit: 10).map(\.id) == [ids[2], ids[0]])
        #expect(try await queue.requests(uid: nil, label: "x", limit: 10).map(\.id) == [ids[1], ids[0]])
        _ = try await queue.cancel(ids[1])
        #expect(try await queue.requests(uid: nil, state: .cancelled, limit: 10).map(\.id) == [ids[1]])
        #expect(try await queue.requests(uid: 1, state: .cancelled, limit: 10).isEmpty)
        try await queue.close()
    }

    @Test(arguments: [nil, RequestState.done], [nil, "x"])
    func `one user's list is found by the index over users`(state: RequestState?, label: String?)
        async throws
    {
        try await place.open().close()
        let (sql, arguments) = IntentQueue.listing(uid: 1, state: state, label: label, limit: 9)
        let plan = try await DatabaseQueue(path: place.path).read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map { row in
                row["detail"] as String
            }
        }
        // In the order of the list already: nothing is sorted.
        #expect(plan.count == 1 && plan.first?.contains("INDEX requestByOwner (uid=?)") == true, "\(plan)")
    }
}
