import Files
import GRDB
import IntentQueue
import Testing

@Suite("The schema's checks")
struct QueueCheckTests {
    @Test(
        arguments: [
            ("an unknown state", "x'62', 'waiting', NULL, NULL", nil),
            ("open, with a time of its end", "x'62', 'queued', 2.0, NULL", nil),
            ("running, with a time of its end", "x'62', 'running', 2.0, NULL", "token"),
            ("final, without a time of its end", "NULL, 'failed', NULL, NULL", nil),
            ("final, with its text", "x'62', 'cancelled', 2.0, NULL", nil),
            ("open, without its text", "NULL, 'queued', NULL, NULL", nil),
            ("done, without an adapter", "NULL, 'done', 2.0, NULL", nil),
            ("refused, with an adapter", "NULL, 'refused', 2.0, 'a-1'", nil),
            ("running, with an adapter", "x'62', 'running', NULL, 'a-1'", "token"),
            ("running, without a lease", "x'62', 'running', NULL, NULL", nil),
            ("waiting, with a lease", "x'62', 'queued', NULL, NULL", "token"),
            ("a time that is not a number", "NULL, 'failed', 'yesterday', NULL", nil),
        ])
    func `the database refuses`(what: String, values: String, lease: String?) async throws {
        let place = try TemporaryQueue()
        try await place.open().close()
        let database = try DatabaseQueue(path: place.path)
        func insert(_ values: String, lease: String? = nil) throws {
            try database.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO request (id, uid, base, submittedAt, text, state, finishedAt, adapter, lease)
                        VALUES ('r-1', 1000, 'minilm', 1.0, \(values), ?)
                        """, arguments: [lease])
            }
        }
        let error = #expect(throws: DatabaseError.self) { try insert(values, lease: lease) }
        #expect(error?.resultCode == .SQLITE_CONSTRAINT, "\(what)")
        // The statement itself is sound.
        try insert("x'62', 'queued', NULL, NULL")
        #expect(throws: DatabaseError.self, "an identifier twice") {
            try insert("x'62', 'queued', NULL, NULL")
        }
    }
}
