import ErrorModel
import Files
import Foundation
import GRDB
import Privacy
import Storage
import Testing

@testable import IntentQueue

/// Requests that a worker takes and ends together.
@Suite("Taking and ending together", .timeLimit(.minutes(20)))
struct TogetherTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    @Test(
        "a worker takes its share of what is queued, up to a limit",
        arguments: [(1, 1), (2, 1), (3, 2), (4, 2), (15, 8), (40, 8)])
    func share(queued: Int, expected: Int) async throws {
        let queue = try place.open()
        var submitted: [String] = []
        for number in 0..<queued { submitted.append(try await queue.submit("\(number)").id) }
        let taken = try await queue.take(upTo: 8, sharedBy: 2)
        #expect(taken.map(\.request.id) == Array(submitted.prefix(expected)))
        #expect(Set(taken.map(\.lease.token)).count == expected)
        try await queue.close()
    }

    @Test func `users take turns within what is taken together`() async throws {
        let queue = try place.open()
        for number in 0..<6 {
            try await queue.submit(QueuedIntent("\(number)"), base: "minilm", uid: 1, label: nil)
        }
        for number in 0..<2 {
            try await queue.submit(QueuedIntent("\(number)"), base: "minilm", uid: 2, label: nil)
        }
        let taken = try await queue.take(upTo: 8, sharedBy: 2)
        #expect(taken.map(\.request.uid) == [1, 2, 1, 2])
        try await queue.close()
    }

    @Test func `those that failed at once are left out, and others are taken instead`() async throws {
        let queue = try place.open()
        for number in 0..<3 { try await queue.submit("\(number)") }
        try await queue.close()
        try place.execute("UPDATE request SET options = '{' WHERE sequence < 3")
        let again = try place.open()
        let taken = try await again.take(upTo: 2, sharedBy: 1)
        #expect(taken.map(\.intent.text.revealed) == ["2"])
        #expect(try await again.counts() == [.failed: 2, .running: 1])
        try await again.close()
    }

    @Test func `ends are recorded in one commit, each by its own lease`() async throws {
        let queue = try place.open()
        for number in 0..<5 { try await queue.submit("\(number)") }
        let taken = try await queue.take(upTo: 5, sharedBy: 1)
        _ = try await queue.requeue(taken[1].lease)
        let held = try await queue.end([
            Ending(taken[0].lease, as: .done, adapter: "a-1"),
            Ending(taken[1].lease, as: .done, adapter: "a-2"),
            Ending(taken[2].lease, as: .refused, failure: SgloradError(.noRelevantExpert, "none")),
            Ending(taken[3].lease, as: .cancelled), Ending(taken[4].lease, as: nil),
        ])
        #expect(held == [true, false, true, true, true])
        var states: [RequestState] = []
        var attempts: [Int] = []
        for request in taken {
            let found = try #require(try await queue.request(request.request.id))
            states.append(found.state)
            attempts.append(found.attempts)
        }
        #expect(states == [.done, .queued, .refused, .cancelled, .queued])
        #expect(attempts == [1, 1, 1, 1, 0], "an orderly stop costs no attempt")
        try await queue.close()
    }

    @Test func `taking waits for the disk only while the queue may hold requests that were begun`()
        async throws
    {
        let queue = try place.open()
        // New requests of this run: a power cut only means that they were not taken.
        try await queue.submit("first")
        try await queue.submit("second")
        #expect(await !queue.mayHoldBegun)
        let first = try #require(try await queue.take())
        // One that has lost its worker is counted before it is begun again.
        _ = try await queue.requeue(first.lease)
        #expect(await queue.mayHoldBegun)
        _ = try await queue.taken()
        _ = try await queue.taken()
        #expect(await !queue.mayHoldBegun)
        try await queue.close()
        // Whatever is open at a start may be why the machine went down.
        let again = try place.open()
        #expect(await again.mayHoldBegun)
        _ = try await again.take(upTo: 8, sharedBy: 1)
        #expect(await !again.mayHoldBegun)
        try await again.close()
    }

    @Test func `the start finds adapters of requests that were not recorded as taken`() async throws {
        let queue = try place.open()
        var ids: [String] = []
        for number in 0..<600 { ids.append(try await queue.submit("\(number)").id) }
        let published = Dictionary(
            uniqueKeysWithValues: [ids[0], ids[300], ids[599]].map { ($0, "a of \($0)") })
        try await queue.recover { (requests) throws(SgloradError) in
            #expect(requests.count <= 250)
            return published.filter { requests.contains($0.key) }
        }
        #expect(try await queue.counts() == [.queued: 597, .done: 3])
        #expect(try await queue.request(ids[300])?.adapter == "a of \(ids[300])")
        try await queue.close()
    }
}

/// Counts of requests, which triggers keep.
@Suite("The tally of requests", .timeLimit(.minutes(20)))
struct RequestTallyTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    private func counted(_ queue: RequestQueue) async throws -> [String] {
        try await queue.database.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT uid || ' ' || state || ' ' || count(*) FROM request GROUP BY uid, state ORDER BY uid, state
                    """)
        }
    }

    private func told(_ queue: RequestQueue) async throws -> [String] {
        try await queue.countsByUser().flatMap { user, states in
            states.map { "\(user) \($0.key.rawValue) \($0.value)" }
        }.sorted()
    }

    @Test func `it says what a count would, after every kind of change`() async throws {
        let queue = try place.open()
        for number in 0..<6 {
            try await queue.submit(
                QueuedIntent("\(number)"), base: "minilm", uid: number % 2 == 0 ? 1000 : 1001, label: nil)
        }
        let taken = try await queue.take(upTo: 4, sharedBy: 1)
        #expect(try await told(queue) == counted(queue))
        _ = try await queue.end([
            Ending(taken[0].lease, as: .done, adapter: "a-1"),
            Ending(taken[1].lease, as: .failed, failure: SgloradError(.internal, "x")),
            Ending(taken[2].lease, as: nil),
        ])
        _ = try await queue.cancel(taken[3].request.id)
        #expect(try await told(queue) == counted(queue))
        _ = try await queue.retry(taken[1].request.id, text: "again")
        _ = try await queue.forget([taken[0].request.id])
        #expect(try await told(queue) == counted(queue))
        try await queue.close()
    }

    @Test func `a damaged tally is counted anew at the start`() async throws {
        let queue = try place.open()
        for number in 0..<3 { try await queue.submit("\(number)") }
        let before = try await told(queue)
        try await queue.close()
        for damage in [
            "UPDATE tally SET requests = 900", "DELETE FROM tally",
            "INSERT INTO tally VALUES (7, 7, 'done', 3)",
        ] {
            try place.execute(damage)
            let again = try place.open()
            #expect(try await told(again) == before, "\(damage)")
            try await again.close()
        }
    }
}
