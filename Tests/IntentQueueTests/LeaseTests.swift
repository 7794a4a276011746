import ErrorModel
import Files
import Foundation
import IntentQueue
import Privacy
import TestSupport
import Testing

@Suite("Leases", .timeLimit(.minutes(20)))
struct LeaseTests {
    private let place: TemporaryQueue
    private let time = ManualClock()

    init() throws { place = try TemporaryQueue() }

    private func open(_ options: QueueOptions = QueueOptions(lease: .seconds(60))) throws -> RequestQueue {
        try place.open(options, clock: time.clock())
    }

    @Test func `a worker that lost its lease changes nothing`() async throws {
        let queue = try open()
        let id = try await queue.submit("text").id
        let slow = try await queue.taken()
        time.pass(.seconds(61))
        let quick = try await queue.taken()
        #expect(quick.request.id == id && quick.lease != slow.lease && quick.request.attempts == 2)
        #expect(await queue.report(.publishing, slow.lease) == .lost)
        #expect(try await !queue.finish(slow.lease, as: .done, adapter: "a-slow"))
        #expect(try await !queue.requeue(slow.lease))
        let running = try await queue.request(id)
        #expect(running?.state == .running && running?.stage == nil)
        #expect(try await queue.finish(quick.lease, as: .done, adapter: "a-quick"))
        #expect(try await !queue.finish(slow.lease, as: .failed, failure: .mishap))
        #expect(try await queue.request(id)?.adapter == "a-quick")
        try await queue.close()
    }

    @Test func `a lease of an earlier run is lost as well`() async throws {
        let queue = try open()
        let id = try await queue.submit("text").id
        let old = try await queue.taken().lease
        try await queue.close()
        let again = try open()
        let new = try await again.taken()
        #expect(try await !again.finish(old, as: .done, adapter: "a-old"))
        #expect(try await again.request(id)?.state == .running)
        #expect(try await again.finish(new.lease, as: .refused, failure: .mishap))
        try await again.close()
    }

    @Test func `a worker that reports its progress keeps its lease`() async throws {
        let queue = try open()
        let id = try await queue.submit("text").id
        let taken = try await queue.taken()
        for _ in 0..<5 {
            time.pass(.seconds(59))
            #expect(await queue.report(.generating, taken.lease) == .held)
            try await queue.sweep()
            #expect(try await queue.take() == nil)
        }
        time.pass(.seconds(60))
        try await queue.sweep()
        #expect(try await queue.request(id)?.state == .queued)
        #expect(try await !queue.finish(taken.lease, as: .done, adapter: "a-1"))
        try await queue.close()
    }

    @Test(arguments: [-1_576_800_000.0, 1_576_800_000.0])
    func `setting the wall clock does no harm`(seconds: Double) async throws {
        let queue = try open()
        var submitted = [try await queue.submit("before").id]
        let key = IdempotencyKey("key", content: [1])
        let keyed = try await queue.submit(
            Submission(QueuedIntent("keyed"), base: "b", uid: 1000, key: key))
        submitted.append(keyed.id)
        let taken = try await queue.taken()
        #expect(taken.request.id == submitted[0])
        time.step(bySeconds: seconds)
        submitted.append(try await queue.submit("after").id)
        try await queue.sweep()
        // The lease holds, the key is known, the order stays.
        #expect(await queue.report(.encoding, taken.lease) == .held)
        let replay = try await queue.submit(
            Submission(QueuedIntent("keyed"), base: "b", uid: 1000, key: key))
        #expect(replay.id == keyed.id)
        #expect(try await queue.finish(taken.lease, as: .done, adapter: "a-1"))
        time.step(bySeconds: seconds)
        try await queue.sweep()
        #expect(try await queue.request(submitted[0])?.state == .done)
        try await queue.close()

        let again = try open()
        #expect(try await again.taken().request.id == submitted[1])
        #expect(try await again.taken().request.id == submitted[2])
        try await again.sweep()
        #expect(try await again.request(submitted[0])?.state == .done)
        try await again.close()
    }

    @Test func `a request whose attempts are used up fails with that reason`() async throws {
        let queue = try open(QueueOptions(attempts: 2, lease: .seconds(60)))
        let id = try await queue.submit("whimsical ptarmigan").id
        let other = try await queue.submit("another").id
        for _ in 0..<2 {
            #expect(try await queue.taken().request.id == id)
            time.pass(.seconds(61))
            try await queue.sweep()
        }
        let watch = try await queue.changes(of: id)
        // The third time it fails, and the next request is taken.
        #expect(try await queue.taken().request.id == other)
        let dead = try #require(try await queue.request(id))
        #expect(dead.state == .failed && dead.failure?.message.contains("2 attempts") == true)
        #expect(await states(watch) == [.queued, .failed])
        try await queue.close()
        #expect(try place.holding(["whimsical ptarmigan"]).isEmpty)
    }

    @Test func `a crash costs an attempt, an orderly stop does not`() async throws {
        var id = ""
        for run in 0..<3 {
            let queue = try open(QueueOptions(attempts: 2))
            if run == 0 { id = try await queue.submit("text").id }
            let taken = try await queue.taken()
            #expect(taken.request.attempts == run + 1 - (run == 2 ? 1 : 0))
            if run == 1 { #expect(try await queue.requeue(taken.lease, countingAttempt: false)) }
            try await queue.close()
        }
        let queue = try open(QueueOptions(attempts: 2))
        try await queue.recover { (_) throws(SgloradError) in [:] }
        #expect(try await queue.request(id)?.state == .failed)
        #expect(try await queue.take() == nil)
        try await queue.close()
    }
}
