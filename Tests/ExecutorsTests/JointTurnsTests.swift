import Dispatch
import ErrorModel
import Synchronization
import TestSupport
import Testing

@testable import Executors

@Suite("Joint turns", .timeLimit(.minutes(20)))
struct JointTurnsTests {
    /// Records each batch, and holds the first one up until it is opened.
    private final class Machine: Sendable {
        private let journal = Mutex<[[Int]]>([])
        private let semaphore = DispatchSemaphore(value: 0)
        var batches: [[Int]] { journal.withLock { $0 } }
        func open() { semaphore.signal() }

        func compute(_ inputs: [Int]) -> [Result<Int, SgloradError>] {
            journal.withLock { $0.append(inputs) }
            if inputs == [0] { semaphore.wait() }
            return inputs.map { input in
                input < 0
                    ? .failure(.notFound("thing", "\(input)", remedy: "There is none.")) : .success(2 * input)
            }
        }
    }

    private let machine = Machine()
    private let turns: JointTurns<Int, Int>

    init() {
        let machine = machine
        turns = JointTurns(threads: 1, limit: 10) { machine.compute($0) }
    }

    /// Lets items stand in line, in their order, while the only thread is busy; returns the batches after the first.
    private func batches(_ items: [(input: Int, cost: Int, user: UInt32)]) async throws -> [[Int]] {
        let turns = turns
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let result = try await turns.run(0, cost: 1, for: 99)
                #expect(result == 0)
            }
            try await eventually("the first batch to run") { !machine.batches.isEmpty }
            for (place, item) in items.enumerated() {
                group.addTask {
                    let result = try await turns.run(item.input, cost: item.cost, for: item.user)
                    #expect(result == 2 * item.input)
                }
                try await eventually("the item to stand in line") { turns.waiting == place + 1 }
            }
            machine.open()
            try await group.waitForAll()
        }
        await turns.shutdown()
        return Array(machine.batches.dropFirst())
    }

    @Test func `what waits is computed together, up to the limit`() async throws {
        let found = try await batches((1...7).map { ($0, 3, 1) })
        #expect(found == [[1, 2, 3], [4, 5, 6], [7]])
    }

    @Test func `an item beyond the limit is computed alone, and blocks nobody`() async throws {
        let found = try await batches([(1, 50, 1), (2, 3, 2), (3, 3, 3)])
        #expect(found == [[1], [2, 3]])
    }

    @Test func `a user with little to compute waits for one batch only, however much another has`()
        async throws
    {
        let many: [(Int, Int, UInt32)] = (1...40).map { ($0, 5, 1) }
        let found = try await batches(many + [(100, 5, 2), (101, 5, 2)])
        #expect(found.first == [1, 100] && found.dropFirst().first == [2, 101])
        #expect(found.flatMap { $0 }.count == 42)
    }

    @Test func `users share by cost, not by the number of items`() async throws {
        let long: [(Int, Int, UInt32)] = (1...10).map { ($0, 10, 1) }
        let short: [(Int, Int, UInt32)] = (101...140).map { ($0, 1, 2) }
        let early = try await batches(long + short).flatMap { $0 }.prefix(22)
        #expect((1...3).contains(early.count { $0 < 100 }), "\(early)")
    }

    @Test func `nothing waits for company`() async throws {
        for input in 1...20 {
            let result = try await turns.run(input, cost: 1, for: 1)
            #expect(result == 2 * input)
        }
        #expect(machine.batches == (1...20).map { [$0] })
        await turns.shutdown()
    }

    @Test func `items that come together are computed together, even where a thread is free`() async throws {
        let jobs = (1...7).map { JointTurns<Int, Int>.Job($0 == 4 ? -4 : $0, cost: 3, for: UInt32($0 % 2)) }
        let results = await turns.run(jobs)
        #expect(machine.batches.map(\.count) == [3, 3, 1])
        #expect(results.map { try? $0.get() } == [2, 4, 6, nil, 10, 12, 14])
        let none = await turns.run([])
        #expect(none.isEmpty)
        await turns.shutdown()
    }

    @Test func `who gives up several items gets the results of those that have begun`() async throws {
        let turns = turns
        let several = Task {
            await turns.run([0, 1, 2].map { JointTurns<Int, Int>.Job($0, cost: 10, for: 1) })
        }
        try await eventually("the first batch to run") { !machine.batches.isEmpty }
        several.cancel()
        try await eventually("the others to leave") { turns.waiting == 0 }
        machine.open()
        let results = await several.value
        #expect(try results[0].get() == 0)
        for result in results.dropFirst() { _ = refusal(.cancelled) { try result.get() } }
        #expect(machine.batches == [[0]])
        await turns.shutdown()
    }

    @Test func `who gives up leaves the line, and a failure concerns its item only`() async throws {
        let turns = turns
        let first = Task { try await turns.run(0, cost: 1, for: 1) }
        try await eventually("the first batch to run") { !machine.batches.isEmpty }
        let gone = Task { try await turns.run(1, cost: 1, for: 1) }
        let wrong = Task { try await turns.run(-1, cost: 1, for: 1) }
        let right = Task { try await turns.run(2, cost: 1, for: 2) }
        try await eventually("all to stand in line") { turns.waiting == 3 }
        gone.cancel()
        _ = await refusal(.cancelled) { try await gone.value }
        #expect(turns.waiting == 2)
        machine.open()
        _ = await refusal(.notFound) { try await wrong.value }
        #expect(try await right.value == 4)
        _ = try await first.value
        #expect(machine.batches.dropFirst().map(Set.init) == [[-1, 2]])
        try await eventually("the thread to be free") { turns.running == 0 }
        await turns.shutdown()
    }
}
