import ErrorModel
import Files
import Foundation
import IntentQueue
import Privacy
import TestSupport
import Testing

@Suite("Cancelling and retrying", .timeLimit(.minutes(20)))
struct DecidingTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    @Test func `a queued request is cancelled at once, and its text erased`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("whimsical ptarmigan").id
        let watch = try await queue.changes(of: id)
        let cancelled = try #require(try await queue.cancel(id))
        #expect(cancelled.state == .cancelled && cancelled.finishedAt != nil)
        #expect(await states(watch) == [.queued, .cancelled])
        #expect(try await queue.take() == nil)
        try await queue.sweep()
        #expect(try place.holding(["whimsical", "ptarmigan"]).isEmpty)
        try await queue.close()
    }

    @Test func `a running request is marked, and its worker learns of it at its next stage`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("text").id
        let taken = try await queue.taken()
        #expect(await queue.report(.encoding, taken.lease) == .held)
        let marked = try #require(try await queue.cancel(id))
        #expect(marked.state == .running && marked.isCancelRequested && marked.stage == .encoding)
        #expect(await queue.report(.generating, taken.lease) == .cancelRequested)
        #expect(try await queue.finish(taken.lease, as: .cancelled))
        #expect(try await queue.request(id)?.state == .cancelled)
        try await queue.close()
    }

    @Test func `a cancellation between taking a request and granting its lease is not lost`() async throws {
        let queue = try place.open()
        for _ in 0..<200 {
            let id = try await queue.submit("text").id
            async let takes = queue.take()
            let cancelled = try #require(try await queue.cancel(id))
            guard let taken = try await takes else {
                #expect(cancelled.state == .cancelled)
                continue
            }
            #expect(cancelled.isCancelRequested)
            #expect(await queue.report(.encoding, taken.lease) == .cancelRequested)
            #expect(try await queue.finish(taken.lease, as: .cancelled))
        }
        try await queue.close()
    }

    @Test func `a request that is already published ends as done`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("text").id
        let taken = try await queue.taken()
        _ = try await queue.cancel(id)
        #expect(try await queue.finish(taken.lease, as: .done, adapter: "a-1"))
        #expect(try await queue.cancel(id)?.state == .done)
        try await queue.close()
    }

    @Test func `a cancelled request is not requeued, even after a crash`() async throws {
        let queue = try place.open()
        let requeued = try await queue.submit("requeued").id
        let crashed = try await queue.submit("crashed").id
        let first = try await queue.taken()
        _ = try await queue.cancel(requeued)
        #expect(try await queue.requeue(first.lease, countingAttempt: false))
        #expect(try await queue.request(requeued)?.state == .cancelled)
        _ = try await queue.taken()
        _ = try await queue.cancel(crashed)
        try await queue.close()
        let again = try place.open()
        try await again.recover { (_) throws(SgloradError) in [:] }
        #expect(try await again.counts() == [.cancelled: 2])
        try await again.close()
    }

    @Test func `an unknown request and a final one stay as they are`() async throws {
        let queue = try place.open()
        #expect(try await queue.cancel("r-nobody") == nil)
        #expect(try await queue.retry("r-nobody", text: "text") == nil)
        let id = try await queue.submit("text").id
        try await queue.end(.refused)
        #expect(try await queue.cancel(id)?.state == .refused)
        try await queue.close()
    }

    @Test func `a failed request is retried with its text given again and its options kept`() async throws {
        let queue = try place.open()
        let intent = QueuedIntent(
            text: "birds", options: IntentOptions(strategy: "weighted", topK: 3, seed: 77, force: true))
        let id = try await queue.submit(intent, base: "b", uid: 1, label: "l").id
        try await queue.finish(try await queue.taken().lease, as: .failed, failure: .mishap)
        let error = await refusal(.invalidIntent) { try await queue.retry(id) }
        #expect(error?.parameters["field"] == .string("text"))
        #expect(error?.message.contains("erased") == true)
        let retried = try #require(try await queue.retry(id, text: "birds"))
        #expect(retried.state == .queued && retried.failure == nil && retried.attempts == 0)
        let taken = try await queue.taken()
        #expect(taken.intent == intent && taken.request.id == id)
        try await queue.finish(taken.lease, as: .done, adapter: "a-1")
        try await queue.close()
    }

    @Test func `a retained text need not be given again, and a different one is rejected`() async throws {
        let queue = try place.open(QueueOptions(retainIntents: .seconds(3600)))
        let id = try await queue.submit("birds").id
        try await queue.end(.cancelled)
        _ = await refusal(.invalidIntent) { try await queue.retry(id, text: "fish") }
        #expect(try await queue.retry(id)?.state == .queued)
        #expect(try await queue.taken().intent.text == "birds")
        try await queue.close()
    }

    @Test func `an obstacle prevents only the retry`() async throws {
        let queue = try place.open()
        let obstacle = SgloradError(.busy, "no room on the disk")
        let id = try await queue.submit("text").id
        _ = await refusal(.invalidRequest) { try await queue.retry(id, text: "text", obstacle: obstacle) }
        try await queue.end(.failed)
        _ = await refusal(.invalidIntent) { try await queue.retry(id, obstacle: obstacle) }
        let error = await refusal(.busy) { try await queue.retry(id, text: "text", obstacle: obstacle) }
        #expect(error?.message == obstacle.message)
        #expect(try await queue.request(id)?.state == .failed)
        #expect(try await queue.retry("r-nobody", text: "text", obstacle: obstacle) == nil)
        #expect(try await queue.retry(id, text: "text")?.state == .queued)
        try await queue.close()
    }

    @Test func `open and done requests are not retried, and a full queue is busy`() async throws {
        let queue = try place.open(QueueOptions(capacity: 1))
        let id = try await queue.submit("text").id
        _ = await refusal(.invalidRequest) { try await queue.retry(id, text: "text") }
        try await queue.end(.failed)
        try await queue.submit("another")
        _ = await refusal(.busy) { try await queue.retry(id, text: "text") }
        #expect(try await queue.request(id)?.state == .failed)
        try await queue.end(.done, adapter: "a-1")
        let done = try #require(try await queue.requests(uid: nil, state: .done, limit: 1).first)
        _ = await refusal(.invalidRequest) { try await queue.retry(done.id, text: "text") }
        try await queue.close()
    }
}
