import IntentQueue
import Privacy
import Synchronization
import Testing

@Suite("Waiting for work", .timeLimit(.minutes(20)))
struct WaitingTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    /// Starts a wait, and expects it to last while nothing is queued.
    private func wait(on queue: RequestQueue) async throws -> Task<Void, Never> {
        let box = Box()
        let task = Task {
            await queue.waitForWork()
            box.end()
        }
        for _ in 0..<50 {
            _ = try await queue.counts()
            await Task.yield()
        }
        #expect(!box.isOver)
        return task
    }

    private final class Box: Sendable {
        private let over = Mutex(false)
        var isOver: Bool { over.withLock { $0 } }
        func end() { over.withLock { $0 = true } }
    }

    @Test func `a request wakes every worker that waits`() async throws {
        let queue = try place.open()
        let waits = [try await wait(on: queue), try await wait(on: queue)]
        try await queue.submit("text")
        for task in waits { await task.value }
        try await queue.close()
    }

    @Test func `a requeued request wakes workers as well`() async throws {
        let queue = try place.open()
        try await queue.submit("text")
        let lease = try await queue.taken().lease
        let task = try await wait(on: queue)
        try await queue.requeue(lease)
        await task.value
        try await queue.close()
    }

    @Test func `nobody waits while something is queued`() async throws {
        let queue = try place.open()
        try await queue.submit("text")
        await queue.waitForWork()
        #expect(try await queue.take() != nil)
        try await queue.close()
    }

    @Test func `a worker whose task is cancelled stops waiting, others go on`() async throws {
        let queue = try place.open()
        let (first, second) = (try await wait(on: queue), try await wait(on: queue))
        first.cancel()
        await first.value
        try await queue.submit("text")
        await second.value
        // Cancelled before it began.
        let lease = try await queue.taken().lease
        let never = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await queue.waitForWork()
        }
        await never.value
        try await queue.finish(lease, as: .cancelled)
        try await queue.close()
    }

    @Test func `no request is lost while workers come and go`() async throws {
        let queue = try place.open()
        let count = 60
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var mine = 0
                    while true {
                        guard let taken = try await queue.take() else {
                            await queue.waitForWork()
                            continue
                        }
                        try await queue.finish(taken.lease, as: .done, adapter: "a")
                        mine += 1
                        if taken.intent.text == "last" { return mine }
                    }
                }
            }
            for _ in 0..<count { try await queue.submit("text") }
            for _ in 0..<3 { try await queue.submit("last") }
            return try await group.reduce(0, +)
        }
        #expect(done == count + 3)
        #expect(try await queue.counts() == [.done: count + 3])
        try await queue.close()
    }
}
