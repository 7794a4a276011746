import Synchronization
import Testing

@testable import Executors

@Suite("Turns of users", .timeLimit(.minutes(20)))
struct UserTurnsTests {
    /// A gate that holds whoever comes, and knows who came.
    private actor Gate {
        private(set) var inside: [String] = []
        private var waiters: [CheckedContinuation<Void, Never>] = []

        func pass(_ name: String) async {
            inside.append(name)
            await withCheckedContinuation { waiters.append($0) }
        }

        func letOneOut() {
            if !waiters.isEmpty { waiters.removeFirst().resume() }
        }
    }

    private func eventually(_ condition: () async -> Bool) async throws {
        while !(await condition()) { try await Task.sleep(for: .milliseconds(2)) }
    }

    @Test func `a user has so many at once, in order, and is in nobody's way`() async throws {
        let (turns, gate) = (UserTurns(limit: 1), Gate())
        let first = Task { try await turns.run(for: 1) { await gate.pass("1a") } }
        try await eventually { await gate.inside == ["1a"] }
        let second = Task { try await turns.run(for: 1) { await gate.pass("1b") } }
        let other = Task { try await turns.run(for: 2) { await gate.pass("2a") } }
        try await eventually { await gate.inside == ["1a", "2a"] }
        await gate.letOneOut()
        try await first.value
        try await eventually { await gate.inside == ["1a", "2a", "1b"] }
        await gate.letOneOut()
        await gate.letOneOut()
        try await other.value
        try await second.value
    }

    @Test func `who gives up waiting takes no turn, and a failure passes it on`() async throws {
        struct Trouble: Error {}
        let (turns, gate) = (UserTurns(limit: 1), Gate())
        let first = Task {
            try await turns.run(for: 1) {
                await gate.pass("a")
                throw Trouble()
            }
        }
        try await eventually { await gate.inside == ["a"] }
        let gone = Task { try await turns.run(for: 1) { await gate.pass("gone") } }
        gone.cancel()
        await #expect(throws: CancellationError.self) { try await gone.value }
        let last = Task { try await turns.run(for: 1) { await gate.pass("b") } }
        await gate.letOneOut()
        await #expect(throws: Trouble.self) { try await first.value }
        try await eventually { await gate.inside == ["a", "b"] }
        await gate.letOneOut()
        try await last.value
    }
}
