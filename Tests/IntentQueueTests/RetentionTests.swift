import ErrorModel
import Foundation
import IntentQueue
import Testing

@Suite("Retention", .timeLimit(.minutes(1)))
struct RetentionTests {
    private let place: TemporaryQueue
    private let time = ManualClock()

    init() throws { place = try TemporaryQueue() }

    private let words = ["whimsical", "ptarmigan"]

    @Test func `a sweep leaves no word of a final request in any file, the log included`() async throws {
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

    @Test func `what no longer is to be retained is erased after the next start`() async throws {
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

    @Test func `time goes on over a restart of the daemon and of the box, and never back`() async throws {
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
