import ErrorModel
import Files
import Foundation
import IntentQueue
import TestSupport
import Testing

@Suite("Ended requests of one user", .timeLimit(.minutes(20)))
struct EndedRequestsTests {
    private let place: TemporaryQueue
    private let time = ManualClock()

    init() throws { place = try TemporaryQueue() }

    private func submission(_ text: String, uid: UserID = 1, key: String? = nil, spool: String? = nil)
        -> Submission
    {
        var submission = Submission(
            QueuedIntent(text), base: "b", uid: uid, key: key.map { IdempotencyKey($0, content: [1]) })
        submission.spoolName = spool
        return submission
    }

    /// Submits and ends requests, one second apart.
    private func end(_ count: Int, of uid: UserID, _ queue: RequestQueue, keyed: Bool = false) async throws
        -> [String]
    {
        var ids: [String] = []
        for number in 0..<count {
            ids.append(try await queue.submit(submission("t", uid: uid, key: keyed ? "\(number)" : nil)).id)
            time.pass(.seconds(1))
            try await queue.end(.refused)
        }
        return ids
    }

    @Test func `beyond the bound the oldest are deleted, and nobody else's`() async throws {
        let queue = try place.open(QueueOptions(keepRequestsPerUser: 3), clock: time.clock())
        let others = try await end(2, of: 2, queue)
        let own = try await end(5, of: 1, queue)
        try await queue.sweep()
        #expect(try await queue.allRequests(of: 1, label: nil).map(\.id).reversed() == own.suffix(3))
        #expect(try await queue.allRequests(of: 2, label: nil).map(\.id).reversed() == others)
        #expect(try await queue.room(for: 1) == 1000)
        try await queue.close()
    }

    @Test func `one whose key counts stays, and where there are only such ones the user must wait`()
        async throws
    {
        let options = QueueOptions(keepKeys: .seconds(600), keepRequestsPerUser: 3)
        let queue = try place.open(options, clock: time.clock())
        let keyed = try await end(3, of: 1, queue, keyed: true)
        let error = await refusal(.busy) { try await queue.submit(submission("more")) }
        #expect(error?.message.contains("queue.keepRequestsPerUser") == true)
        #expect(try await queue.room(for: 1) == 0)
        #expect(try await queue.room(for: 2) == 1000)
        // A repetition is answered, and another user's request admitted.
        #expect(try await queue.submit(submission("t", key: "0")).id == keyed[0])
        _ = try await queue.submit(submission("t", uid: 2))
        time.pass(.seconds(600))
        try await queue.sweep()
        #expect(try await queue.room(for: 1) == 1000)
        let next = try await queue.submit(submission("more")).id
        #expect(
            try await queue.allRequests(of: 1, label: nil).map(\.id) == [next] + keyed.dropFirst().reversed())
        try await queue.close()
    }

    @Test func `one whose result is not delivered stays`() async throws {
        let queue = try place.open(QueueOptions(keepRequestsPerUser: 1), clock: time.clock())
        let pending = try await queue.submit(submission("t", spool: "a.json")).id
        try await queue.end(.refused)
        _ = await refusal(.busy) { try await queue.submit(submission("more")) }
        try await queue.markDelivered(try await queue.pendingResults(limit: 9).map(\.receipt))
        let next = try await queue.submit(submission("more")).id
        #expect(try await queue.allRequests(of: 1, label: nil).map(\.id) == [next])
        #expect(try await queue.request(pending) == nil)
        try await queue.close()
    }

    @Test func `the IDs of a subordinate range share places, turns and the bound of their owner`()
        async throws
    {
        let table = place.folder + "/subuid"
        try Data("1000:100000:65536\n".utf8).write(to: URL(filePath: table))
        let queue = try RequestQueue(
            path: place.path, options: QueueOptions(perUser: 4, keepRequestsPerUser: 2),
            accounts: UserAccounts(file: table))
        for uid: UserID in [100_000, 100_001, 100_002, 1000] {
            _ = try await queue.submit(submission("range", uid: uid))
        }
        for uid: UserID in [100_003, 1000, 165_535] {
            #expect(try await queue.room(for: uid) == 0)
            _ = await refusal(.busy) { try await queue.submit(submission("range", uid: uid)) }
        }
        // Another user has own places, and waits for one turn of the range, not for four.
        for _ in 0..<2 { _ = try await queue.submit(submission("other", uid: 1001)) }
        var turns: [UserID] = []
        while let taken = try await queue.take() {
            turns.append(taken.request.uid)
            try await queue.finish(taken.lease, as: .refused)
        }
        #expect(turns == [100_000, 1001, 100_001, 1001, 100_002, 1000])
        try await queue.sweep()
        // Each still sees what is their own, and only that.
        #expect(try await queue.allRequests(of: 1000, label: nil).count == 1)
        #expect(try await queue.allRequests(of: 100_000, label: nil).isEmpty)
        #expect(try await queue.counts()[.refused] == 4)
        try await queue.close()
    }
}
