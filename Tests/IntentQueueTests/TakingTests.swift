import IntentQueue
import Privacy
import Testing

@Suite("Taking", .timeLimit(.minutes(20)))
struct TakingTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    @Test func `first come, first served`() async throws {
        let queue = try place.open()
        var submitted: [String] = []
        for number in 0..<12 { submitted.append(try await queue.submit("\(number)").id) }
        var taken: [String] = []
        var texts: [String] = []
        while let next = try await queue.take() {
            taken.append(next.request.id)
            texts.append(next.intent.text.revealed)
        }
        #expect(taken == submitted)
        #expect(texts == (0..<12).map(String.init))
        #expect(try await queue.take() == nil)
        try await queue.close()
    }

    @Test func `each request is taken by exactly one worker`() async throws {
        let queue = try place.open()
        var submitted: Set<String> = []
        for number in 0..<40 { submitted.insert(try await queue.submit("\(number)").id) }
        let taken = try await withThrowingTaskGroup(of: [String].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var mine: [String] = []
                    while let next = try await queue.take() { mine.append(next.request.id) }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(taken.count == 40 && Set(taken) == submitted)
        try await queue.close()
    }

    @Test func `a requeued request keeps its place before later ones`() async throws {
        let queue = try place.open()
        let first = try await queue.submit("first")
        try await queue.submit("second")
        let taken = try await queue.taken()
        #expect(taken.request.id == first.id)
        #expect(try await queue.requeue(taken.lease))
        #expect(try await queue.request(first.id)?.state == .queued)
        let again = try #require(try await queue.take())
        #expect(again.request.id == first.id && again.intent.text == "first")
        try await queue.close()
    }

    @Test func `only a running request can be requeued`() async throws {
        let queue = try place.open()
        let done = try await queue.submit("done")
        let lease = try await queue.taken().lease
        try await queue.finish(lease, as: .done, adapter: "a-1")
        #expect(try await !queue.requeue(lease))
        #expect(try await !queue.requeue(Lease(request: "r-nobody", token: lease.token)))
        #expect(try await queue.request(done.id)?.state == .done)
        #expect(try await queue.take() == nil)
        try await queue.close()
    }

    @Test func `what an earlier run left running is requeued, what it finished is not`() async throws {
        let queue = try place.open()
        let running = try await queue.submit("left running")
        let final = try await queue.submit("finished")
        let waiting = try await queue.submit("waiting")
        _ = try await queue.take()
        let second = try await queue.taken()
        #expect(second.request.id == final.id)
        try await queue.finish(second.lease, as: .refused, failure: .mishap)
        try await queue.close()

        let again = try place.open()
        #expect(try await again.counts() == [.queued: 2, .refused: 1])
        #expect(try await again.take()?.request.id == running.id)
        #expect(try await again.take()?.request.id == waiting.id)
        #expect(try await again.take() == nil)
        #expect(try await again.request(final.id)?.state == .refused)
        try await again.close()
    }

    @Test func `a stage is known while its request is running, and forgotten afterwards`() async throws {
        let queue = try place.open()
        try await queue.submit("text")
        let taken = try await queue.taken()
        let request = taken.request
        #expect(try await queue.request(request.id)?.stage == nil)
        #expect(await queue.report(.generating, taken.lease) == .held)
        #expect(try await queue.request(request.id)?.stage == .generating)
        try await queue.requeue(taken.lease)
        #expect(try await queue.request(request.id)?.stage == nil)
        let again = try await queue.taken()
        #expect(try await queue.request(request.id)?.stage == nil)
        await queue.report(.publishing, again.lease)
        try await queue.finish(again.lease, as: .done, adapter: "a-1")
        #expect(try await queue.request(request.id)?.stage == nil)
        try await queue.close()
    }
}
