import ErrorModel
import Synchronization
import TestSupport
import Testing

@testable import Executors

@Suite("Fair turns", .timeLimit(.minutes(20)))
struct FairTurnsTests {
    /// What ran, in order.
    private final class Record: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test func `a long line holds up a short one by one computation`() async throws {
        let (turns, record) = (FairTurns<String>(), Record())
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let first = Task {
            try await turns.take(in: "first") { () async throws(SgloradError) in
                begin.finish()
                for await _ in gate {}
            }
        }
        for await _ in begun {}
        var others: [Task<Void, any Error>] = []
        for line in ["many", "many", "many", "many", "one", "two"] {
            others.append(
                Task {
                    try await turns.take(in: line) { () async throws(SgloradError) in record.add(line) }
                })
            try await eventually("its place in the line") { await turns.waitingCount == others.count }
        }
        open.finish()
        try await first.value
        for task in others { try await task.value }
        #expect(record.all == ["many", "one", "two", "many", "many", "many"])
    }

    @Test func `whoever stops waiting leaves the line, and an error passes the turn on`() async throws {
        let turns = FairTurns<Int>()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let first = Task {
            try await turns.take(in: 1) { () async throws(SgloradError) -> Void in
                begin.finish()
                for await _ in gate {}
                throw .internal("ends")
            }
        }
        for await _ in begun {}
        let waiting = Task {
            try await turns.take(in: 2) { () async throws(SgloradError) in Issue.record("it ran") }
        }
        try await eventually("its place in the line") { await turns.waitingCount == 1 }
        waiting.cancel()
        let error = await #expect(throws: SgloradError.self) { try await waiting.value }
        #expect(error?.code == .cancelled)
        open.finish()
        await #expect(throws: SgloradError.self) { try await first.value }
        #expect(try await turns.take(in: 2) { () async throws(SgloradError) in 7 } == 7)
    }
}
