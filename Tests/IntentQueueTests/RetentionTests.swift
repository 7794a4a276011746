import ErrorModel
import Files
import Foundation
import IntentQueue
import Privacy
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
        // The box is off: with its clock running, then with a clock that starts in the past.
        time.restart(afterSeconds: 400)
        queue = try place.open(options, clock: time.clock(boot: "second"))
        try await queue.close()
        time.restart(afterSeconds: -86_400)
        queue = try place.open(options, clock: time.clock(boot: "third"))
        try await queue.sweep()
        #expect(try await queue.request(id) != nil)
        time.pass(.seconds(250))
        try await queue.sweep()
        #expect(try await queue.request(id) == nil)
        try await queue.close()
    }
}
