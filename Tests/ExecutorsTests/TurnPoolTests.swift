import Dispatch
import ErrorModel
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Executors

@Suite("A pool with turns", .timeLimit(.minutes(20)))
struct TurnPoolTests {
    /// What ran, in order, and how long it took.
    private final class Journal: Sendable {
        private let entries = Mutex<[(user: UInt32, took: Duration)]>([])
        var all: [(user: UInt32, took: Duration)] { entries.withLock { $0 } }
        func add(_ user: UInt32, took: Duration = .zero) { entries.withLock { $0.append((user, took)) } }
    }

    /// Keeps the only thread busy until it is opened.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        func open() { semaphore.signal() }
        func wait() { semaphore.wait() }
    }

    @Test func `a user's next piece waits for no more than what is running`() async throws {
        let (pool, journal, gate) = (TurnPool(threads: 1), Journal(), Gate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run(for: 1) { () throws(SgloradError) in gate.wait() } }
            try await eventually("the first piece to run") { pool.running == 1 }
            for _ in 0..<40 {
                group.addTask { try await pool.run(for: 1) { () throws(SgloradError) in journal.add(1) } }
            }
            group.addTask { try await pool.run(for: 2) { () throws(SgloradError) in journal.add(2) } }
            try await eventually("all to stand in line") { pool.waiting == 41 }
            gate.open()
            try await group.waitForAll()
        }
        #expect(journal.all.first?.user == 2 && journal.all.count == 41)
        await pool.shutdown()
    }

    @Test func `users share the threads by time, not by number of pieces`() async throws {
        let (pool, journal, gate) = (TurnPool(threads: 1), Journal(), Gate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run(for: 3) { () throws(SgloradError) in gate.wait() } }
            try await eventually("the first piece to run") { pool.running == 1 }
            for (user, pieces, time) in [(1, 30, 20_000), (2, 300, 2_000)] as [(UInt32, Int, UInt32)] {
                for _ in 0..<pieces {
                    group.addTask {
                        try await pool.run(for: user) { () throws(SgloradError) in
                            journal.add(user, took: ContinuousClock().measure { _ = usleep(time) })
                        }
                    }
                }
            }
            try await eventually("all to stand in line") { pool.waiting == 330 }
            gate.open()
            try await group.waitForAll()
        }
        // While both have work, neither is ahead by more than a piece or two, however long the machine made them.
        var used: [UInt32: Duration] = [1: .zero, 2: .zero]
        var left: [UInt32: Int] = [1: 30, 2: 300]
        var longest = Duration.zero
        for (user, took) in journal.all {
            left[user, default: 0] -= 1
            guard left.values.allSatisfy({ $0 > 0 }) else { break }
            used[user, default: .zero] += took
            longest = max(longest, took)
        }
        let (one, two) = (used[1] ?? .zero, used[2] ?? .zero)
        #expect(one > .zero && two > .zero)
        #expect(max(one, two) - min(one, two) <= longest * 2 + (one + two) / 4, "\(one), \(two), \(longest)")
        await pool.shutdown()
    }

    @Test func `who gives up waiting leaves the line, and a failure is passed on`() async throws {
        let (pool, gate) = (TurnPool(threads: 1), Gate())
        let first = Task { try await pool.run(for: 1) { () throws(SgloradError) in gate.wait() } }
        try await eventually("the first piece to run") { pool.running == 1 }
        let gone = Task {
            try await pool.run(for: 1) { () throws(SgloradError) in Issue.record("it ran nevertheless") }
        }
        try await eventually("the next to stand in line") { pool.waiting == 1 }
        gone.cancel()
        _ = await refusal(.cancelled) { try await gone.value }
        gate.open()
        _ = await refusal(.notFound) {
            try await pool.run(for: 2) { () throws(SgloradError) in
                throw .notFound("thing", "x", remedy: "There is none.")
            }
        }
        try await first.value
        await pool.shutdown()
    }
}
