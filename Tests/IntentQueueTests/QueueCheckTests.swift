import GRDB
import IntentQueue
import Testing

@Suite("The queue's own checks")
struct QueueCheckTests {
    @Test(
        arguments: [
            ("a state that is none", "'{}', 'waiting', NULL, NULL", nil),
            ("open, with a time of its end", "'{}', 'queued', 2.0, NULL", nil),
            ("running, with a time of its end", "'{}', 'running', 2.0, NULL", "token"),
            ("final, without a time of its end", "NULL, 'failed', NULL, NULL", nil),
            ("final, with its intent", "'{}', 'cancelled', 2.0, NULL", nil),
            ("open, without its intent", "NULL, 'queued', NULL, NULL", nil),
            ("done, without an adapter", "NULL, 'done', 2.0, NULL", nil),
            ("refused, with an adapter", "NULL, 'refused', 2.0, 'a-1'", nil),
            ("running, with an adapter", "'{}', 'running', NULL, 'a-1'", "token"),
            ("running, without a lease", "'{}', 'running', NULL, NULL", nil),
            ("waiting, with a lease", "'{}', 'queued', NULL, NULL", "token"),
            ("a time that is no number", "NULL, 'failed', 'yesterday', NULL", nil),
        ])
    func `the database refuses`(what: String, values: String, lease: String?) async throws {
        let place = try TemporaryQueue()
        try await place.open().close()
        let database = try DatabaseQueue(path: place.path)
        func insert(_ values: String, lease: String? = nil) throws {
            try database.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO request (id, uid, base, submittedAt, intent, state, finishedAt, adapter, lease)
                        VALUES ('r-1', 1000, 'minilm', 1.0, \(values), ?)
                        """, arguments: [lease])
            }
        }
        let error = #expect(throws: DatabaseError.self) { try insert(values, lease: lease) }
        #expect(error?.resultCode == .SQLITE_CONSTRAINT, "\(what)")
        // The statement itself is sound.
        try insert("'{}', 'queued', NULL, NULL")
        #expect(throws: DatabaseError.self, "an identifier twice") {
            try insert("'{}', 'queued', NULL, NULL")
        }
    }
}
