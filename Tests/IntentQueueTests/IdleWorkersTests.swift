import Foundation
import Testing

@testable import IntentQueue

@Suite("Idle workers", .timeLimit(.minutes(20)))
struct IdleWorkersTests {
    @Test func `a wake-up ends every wait, and is counted`() async {
        var workers = IdleWorkers()
        await withCheckedContinuation { continuation in
            workers.park(UUID(), continuation)
            #expect(workers.count == 1)
            workers.wake()
        }
        #expect(workers.count == 0 && workers.wakeCount == 1)
        // Nobody waits: the count still says that there may be work.
        workers.wake()
        #expect(workers.wakeCount == 2)
    }

    @Test func `a wait is ended by itself, once`() async {
        var workers = IdleWorkers()
        let (first, second) = (UUID(), UUID())
        await withCheckedContinuation { other in
            workers.park(second, other)
            workers.unpark(first)
            #expect(workers.count == 1)
            workers.unpark(second)
            workers.unpark(second)
            workers.wake()
        }
        #expect(workers.count == 0)
    }
}
