import Files
import GRDB
import Testing

@testable import IntentQueue

@Suite("Listing", .timeLimit(.minutes(20)))
struct ListingTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    @Test func `a list is newest first, and by owner, state and label`() async throws {
        let queue = try place.open()
        func submit(_ uid: UserID, _ label: String?) async throws -> String {
            try await queue.submit(QueuedIntent("t"), base: "b", uid: uid, label: label).id
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
        let plan = try await DatabaseQueue(path: place.path).read { db in
            let listing = RequestQueue.listing(uid: 1, state: state, label: label, limit: 9)
            let statement = try listing.makePreparedRequest(db).statement
            return try Row.fetchAll(
                db, sql: "EXPLAIN QUERY PLAN " + statement.sql, arguments: statement.arguments
            ).map { row in row["detail"] as String }
        }
        // In the order of the list already: nothing is sorted. A label is the narrower way in.
        let index =
            label == nil
            ? (state == nil ? "INDEX requestByOwner (uid=?)" : "INDEX requestByOwner")
            : "INDEX requestByLabel (label=? AND uid=?)"
        #expect(plan.first?.contains(index) == true, "\(plan)")
        #expect(!plan.contains { $0.contains("SCAN") }, "\(plan)")
    }
}
