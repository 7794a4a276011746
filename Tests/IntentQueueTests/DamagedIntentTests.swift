import ErrorModel
import Files
import GRDB
import Privacy
import TestSupport
import Testing

@testable import IntentQueue

/// An intent that another version left, or that was damaged.
@Suite struct DamagedIntentTests {
    @Test(
        arguments: [
            "options = '{}'", "options = 'no JSON'", "options = NULL", "text = x''", "text = x'62ff'",
        ], [Duration.zero, .seconds(3600)])
    func `an unreadable intent fails alone and blocks no other`(
        damage: String, retained: Duration
    ) async throws {
        let place = try TemporaryQueue()
        let first = try place.open()
        let damaged = try await first.submit("birds")
        let sound = try await first.submit("fish")
        try await first.close()
        try place.execute("UPDATE request SET \(damage) WHERE id = ?", [damaged.id])

        let queue = try place.open(QueueOptions(retainIntents: retained))
        let taken = try await queue.take()
        #expect(taken?.request.id == sound.id)
        #expect(taken?.intent.text == "fish")
        let failed = try await queue.request(damaged.id)
        #expect(failed?.state == .failed)
        #expect(failed?.failure?.code == .internal)
        #expect(failed?.failure?.message.contains("Submit it again") == true)
        #expect(try await queue.take() == nil)
        // Its text has to be given again, even where texts are retained.
        _ = await refusal(.invalidIntent) { try await queue.retry(damaged.id) }
        #expect(try await queue.retry(damaged.id, text: "birds")?.state == .queued)
        #expect(try await queue.taken().intent.text == "birds")
        try await queue.close()
    }

    @Test func `an unreadable failure becomes an internal error, and hides no request`() async throws {
        let place = try TemporaryQueue()
        let queue = try place.open()
        let id = try await queue.submit("birds").id
        try await queue.finish(try await queue.taken().lease, as: .failed, failure: .mishap)
        try await queue.close()
        try place.execute("UPDATE request SET failure = '{}'")
        let again = try place.open()
        let found = try #require(try await again.requests(uid: 1000, limit: 9).first)
        #expect(found.id == id && found.failure?.code == .internal)
        try await again.close()
    }
}
