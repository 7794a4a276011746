import GRDB
import IntentQueue
import Testing

@Suite("The queue's own checks")
struct QueueCheckTests {
    @Test(
        arguments: [
            ("a state that is none", "'{}', 'waiting', NULL, NULL"),
            ("open, with a time of its end", "'{}', 'queued', 2.0, NULL"),
            ("running, with a time of its end", "'{}', 'running', 2.0, NULL"),
            ("final, without a time of its end", "NULL, 'failed', NULL, NULL"),
            ("final, with its intent", "'{}', 'cancelled', 2.0, NULL"),
            ("open, without its intent", "NULL, 'queued', NULL, NULL"),
            ("done, without an adapter", "NULL, 'done', 2.0, NULL"),
            ("refused, with an adapter", "NULL, 'refused', 2.0, 'a-1'"),
            ("running, with an adapter", "'{}', 'running', NULL, 'a-1'"),
            ("a time that is no number", "NULL, 'failed', 'yesterday', NULL"),
        ])
    func `the database refuses`(what: String, values: String) async throws {
        let place = try TemporaryQueue()
        try await place.open().close()
        let database = try DatabaseQueue(path: place.path)
        func insert(_ values: String) throws {
            try database.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO request (id, uid, base, submittedAt, intent, state, finishedAt, adapter)
                        VALUES ('r-1', 1000, 'minilm', 1.0, \(values))
                        """)
            }
        }
        let error = #expect(throws: DatabaseError.self) { try insert(values) }
        #expect(error?.resultCode == .SQLITE_CONSTRAINT, "\(what)")
        // The statement itself is sound.
        try insert("'{}', 'queued', NULL, NULL")
        #expect(throws: DatabaseError.self, "an identifier twice") {
            try insert("'{}', 'queued', NULL, NULL")
        }
    }
}
