import ErrorModel
import Files
import IntentQueue
import Privacy
import TestSupport
import Testing

@Suite("Results for the spool", .timeLimit(.minutes(20)))
struct DeliveringTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    private func spooled(_ name: String, key: String? = nil) -> Submission {
        Submission(
            QueuedIntent("text"), base: "b", uid: 7,
            key: key.map { IdempotencyKey($0, content: [1], origin: .spool) }, spoolName: name)
    }

    @Test func `a result is pending from its end to its delivery, over a restart too`() async throws {
        var queue = try place.open()
        let id = try await queue.submit(spooled("a.json")).id
        try await queue.submit("not from the spool")
        #expect(try await queue.pendingResults(limit: 10).isEmpty)
        try await queue.end(.refused)
        try await queue.end(.done, adapter: "a-1")
        try await queue.close()
        queue = try place.open()
        let pending = try await queue.pendingResults(limit: 10)
        #expect(pending.map(\.request.id) == [id] && pending.first?.request.spoolName == "a.json")
        #expect(
            try await queue.pendingResults(after: try #require(pending.first).receipt.sequence, limit: 10)
                .isEmpty)
        try await queue.markDelivered(pending.map(\.receipt))
        #expect(try await queue.pendingResults(limit: 10).isEmpty)
        try await queue.close()
    }

    @Test func `a retried request has its next result pending, whatever was delivered meanwhile`()
        async throws
    {
        let queue = try place.open()
        let id = try await queue.submit(spooled("a.json")).id
        try await queue.end(.failed)
        let pending = try await queue.pendingResults(limit: 10)
        _ = try await queue.retry(id, text: "text")
        try await queue.markDelivered(pending.map(\.receipt))
        #expect(try await queue.pendingResults(limit: 10).isEmpty)
        try await queue.end(.done, adapter: "a-1")
        #expect(try await queue.pendingResults(limit: 10).map(\.request.state) == [.done])
        try await queue.close()
    }

    @Test func `a repetition has the result delivered again; keys of the socket are separate`() async throws {
        let queue = try place.open()
        let id = try await queue.submit(spooled("a.json", key: "k")).id
        try await queue.end(.refused)
        try await queue.markDelivered(try await queue.pendingResults(limit: 10).map(\.receipt))
        #expect(try await queue.submit(spooled("a.json", key: "k")).id == id)
        #expect(try await queue.pendingResults(limit: 10).map(\.request.id) == [id])
        let client = Submission(
            QueuedIntent("text"), base: "b", uid: 7, key: IdempotencyKey("k", content: [2]))
        #expect(try await queue.submit(client).id != id)
        try await queue.close()
    }

    @Test func `a request with a pending result is not forgotten, however old`() async throws {
        let time = ManualClock()
        let queue = try place.open(QueueOptions(keepRequests: .seconds(100)), clock: time.clock())
        let id = try await queue.submit(spooled("a.json")).id
        try await queue.end(.failed)
        time.pass(.seconds(1000))
        try await queue.sweep()
        #expect(try await queue.request(id) != nil)
        try await queue.markDelivered(try await queue.pendingResults(limit: 1).map(\.receipt))
        try await queue.sweep()
        #expect(try await queue.request(id) == nil)
        try await queue.close()
    }
}
