import ErrorModel
import Files
import Foundation
import IntentQueue
import Privacy
import TestSupport
import Testing

@Suite("Retention", .timeLimit(.minutes(20)))
struct RetentionTests {
    private let place: TemporaryQueue
    private let time = ManualClock()

    init() throws { place = try TemporaryQueue() }

    private let words = ["whimsical", "ptarmigan"]

    @Test func `after a sweep nothing of a final request's text is in any file, the log included`()
        async throws
    {
        let queue = try place.open()
        let open = try await queue.submit("kumquat").id
        try await queue.submit("whimsical ptarmigan")
        _ = try await queue.taken()
        try await queue.end(.refused)
        // The log still holds the pages of before.
        #expect(try place.holding(words) == words)
        try await queue.sweep()
        #expect(try place.holding(words).isEmpty)
        #expect(try place.holding([open, "kumquat"]).count == 2)
        let log = try FileManager.default.attributesOfItem(atPath: place.path + "-wal")
        #expect(log[.size] as? Int == 0)
        try await queue.close()
    }

    @Test func `a text that is retained is erased when its time has passed`() async throws {
        let queue = try place.open(QueueOptions(retainIntents: .seconds(3600)), clock: time.clock())
        try await queue.submit("whimsical ptarmigan")
        time.pass(.seconds(7200))
        try await queue.end(.done, adapter: "a-1")
        time.pass(.seconds(3599))
        try await queue.sweep()
        #expect(try place.holding(words) == words)
        time.pass(.seconds(2))
        try await queue.sweep()
        #expect(try place.holding(words).isEmpty)
        #expect(try await queue.counts() == [.done: 1])
        try await queue.close()
    }

    @Test func `a text is retained however its request ends: attempts used up, and cancelled and requeued`()
        async throws
    {
        let queue = try place.open(
            QueueOptions(attempts: 1, retainIntents: .seconds(3600)), clock: time.clock())
        let tried = try await queue.submit("whimsical").id
        try await queue.requeue(try await queue.taken().lease)
        #expect(try await queue.take() == nil)
        #expect(try await queue.request(tried)?.state == .failed)
        let called = try await queue.submit("ptarmigan").id
        let lease = try await queue.taken().lease
        _ = try await queue.cancel(called)
        try await queue.requeue(lease)
        #expect(try await queue.request(called)?.state == .cancelled)
        // Neither needs its text to be given anew.
        #expect(try await queue.retry(called)?.state == .queued)
        #expect(try await queue.taken().intent.text == "ptarmigan")
        #expect(try await queue.retry(tried)?.state == .queued)
        #expect(try await queue.taken().intent.text == "whimsical")
        try await queue.close()
    }

    @Test func `a label is erased after its retention, and the request stays`() async throws {
        let queue = try place.open(QueueOptions(keepLabels: .seconds(1000)), clock: time.clock())
        let id = try await queue.submit("text", label: "whimsical").id
        let open = try await queue.submit("text", label: "ptarmigan").id
        try await queue.end(.failed)
        time.pass(.seconds(999))
        try await queue.sweep()
        #expect(try await queue.request(id)?.label == "whimsical")
        time.pass(.seconds(1))
        try await queue.sweep()
        #expect(try await queue.request(id)?.label == nil)
        #expect(try await queue.request(open)?.label == "ptarmigan")
        #expect(try place.holding(words) == ["ptarmigan"])
        try await queue.close()
    }

    @Test func `forgotten requests are in no file when the call returns`() async throws {
        let queue = try place.open(QueueOptions(retainIntents: .seconds(3600)), clock: time.clock())
        let id = try await queue.submit("whimsical", label: "ptarmigan").id
        let open = try await queue.submit("kumquat").id
        try await queue.end(.refused)
        #expect(try await queue.allRequests(of: 1000, label: "ptarmigan").map(\.id) == [id])
        #expect(try await queue.allRequests(of: 1000, label: nil).count == 2)
        #expect(try await queue.allRequests(of: 1001, label: nil).isEmpty)
        // One that has not ended stays, unless that is meant.
        #expect(try await queue.forget([id, open, "r-nobody"]) == [id])
        #expect(try place.holding(words + [id]).isEmpty)
        #expect(try await queue.request(id) == nil)
        #expect(try await queue.forget([open], evenOpen: true) == [open])
        #expect(try place.holding(["kumquat"]).isEmpty)
        try await queue.close()
    }

    @Test func `texts that are no longer to be retained are erased after the next start`() async throws {
        let queue = try place.open(QueueOptions(retainIntents: .seconds(3600)), clock: time.clock())
        try await queue.submit("whimsical ptarmigan")
        try await queue.end(.failed)
        try await queue.close()
        let again = try place.open(QueueOptions(), clock: time.clock())
        try await again.sweep()
        #expect(try place.holding(words).isEmpty)
        try await again.close()
    }

    @Test func `final requests are forgotten after their time, open ones never`() async throws {
        let options = QueueOptions(lease: .seconds(5000), keepRequests: .seconds(1000))
        let queue = try place.open(options, clock: time.clock())
        let open = try await queue.submit("open").id
        _ = try await queue.taken()
        let early = try await queue.submit("early").id
        try await queue.end(.done, adapter: "a-1")
        time.pass(.seconds(900))
        let late = try await queue.submit("late").id
        try await queue.end(.refused)
        time.pass(.seconds(100))
        try await queue.sweep()
        #expect(try await queue.request(early) == nil)
        #expect(try await queue.request(late)?.state == .refused)
        #expect(try await queue.request(open)?.state == .running)
        try await queue.close()
    }

    @Test func `the age grows over restarts of the daemon and of the machine, and never decreases`()
        async throws
    {
        let options = QueueOptions(keepRequests: .seconds(1000))
        var queue = try place.open(options, clock: time.clock())
        let id = try await queue.submit("text").id
        try await queue.end(.failed)
        try await queue.close()
        // The daemon is away for a while, and the wall clock is set back meanwhile.
        time.pass(.seconds(400))
        time.step(bySeconds: -86_400)
        queue = try place.open(options, clock: time.clock())
        try await queue.close()
        // The machine is off, and then has a clock that starts in the past.
        time.restart(afterSeconds: -86_400)
        queue = try place.open(options, clock: time.clock(boot: "second"))
        time.pass(.seconds(550))
        try await queue.sweep()
        #expect(try await queue.request(id) != nil)
        time.pass(.seconds(50))
        try await queue.sweep()
        #expect(try await queue.request(id) == nil)
        try await queue.close()
    }

    /// The years that a stale clock is behind, or one with a damaged battery ahead.
    @Test(arguments: [-56.0, 73.0])
    func `starts with a wrong and then the right clock erase no label, key, text or request`(years: Double)
        async throws
    {
        let options = QueueOptions(
            keepKeys: .seconds(3600), keepRequests: .seconds(3600), retainIntents: .seconds(3600),
            keepLabels: .seconds(3600))
        let key = IdempotencyKey("once", content: [1])
        func repetition(_ queue: RequestQueue) async throws -> String {
            try await queue.submit(
                Submission(QueuedIntent("whimsical"), base: "b", uid: 1, label: "ptarmigan", key: key)
            ).id
        }
        var queue = try place.open(options, clock: time.clock())
        let id = try await repetition(queue)
        try await queue.end(.refused)
        try await queue.close()
        for (boot, leap) in [
            ("wrong", years), ("right", -years), ("wrong again", years), ("and back", -years),
        ] {
            time.restart(afterSeconds: leap * 365 * 86_400 + 60)
            queue = try place.open(options, clock: time.clock(boot: boot))
            time.pass(.seconds(400))
            try await queue.sweep()
            #expect(try await repetition(queue) == id, "\(boot)")
            #expect(try await queue.request(id)?.label == "ptarmigan")
            #expect(try place.holding(["whimsical"]) == ["whimsical"])
            try queue.time.save()
            try await queue.close()
        }
        // 1,600 seconds of uptime have passed; after twice as many nothing is left, whatever the clock said.
        queue = try place.open(options, clock: time.clock(boot: "and back"))
        time.pass(.seconds(3600))
        try await queue.sweep()
        #expect(try place.holding(words).isEmpty)
        #expect(try await repetition(queue) != id)
        try await queue.close()
    }

    @Test func `a request is kept for as long as its idempotency key counts`() async throws {
        let options = QueueOptions(keepKeys: .seconds(2000), keepRequests: .seconds(1000))
        let queue = try place.open(options, clock: time.clock())
        let key = IdempotencyKey("once", content: [1])
        let id = try await queue.submit(Submission(QueuedIntent("text"), base: "b", uid: 1, key: key)).id
        try await queue.end(.refused)
        time.pass(.seconds(1999))
        try await queue.sweep()
        #expect(try await queue.request(id) != nil)
        time.pass(.seconds(1))
        try await queue.sweep()
        #expect(try await queue.request(id) == nil)
        try await queue.close()
    }

    @Test func `where the service's time was lost, everything ages from then on`() async throws {
        let options = QueueOptions(keepKeys: .seconds(500), keepRequests: .seconds(1000))
        time.pass(.seconds(100_000))
        var queue = try place.open(options, clock: time.clock())
        time.pass(.seconds(100_000))
        let id = try await queue.submit("text").id
        try await queue.end(.failed)
        try await queue.close()
        try FileManager.default.removeItem(atPath: place.folder + "/time")
        queue = try place.open(options, clock: time.clock())
        time.pass(.seconds(999))
        try await queue.sweep()
        #expect(try await queue.request(id) != nil)
        time.pass(.seconds(1))
        try await queue.sweep()
        #expect(try await queue.request(id) == nil)
        try await queue.close()
    }
}
