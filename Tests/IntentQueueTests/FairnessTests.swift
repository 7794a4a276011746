import ErrorModel
import Files
import IntentQueue
import Privacy
import TestSupport
import Testing

@Suite("Fairness", .timeLimit(.minutes(20)))
struct FairnessTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    private func submission(_ uid: UserID, _ text: String = "text") -> Submission {
        Submission(QueuedIntent(text), base: "b", uid: uid)
    }

    @Test func `users take turns, and within a user the oldest comes first`() async throws {
        let queue = try place.open()
        _ = try await queue.submit((0..<50).map { submission(7, "seven \($0)") })
        for uid in [3, 5] as [UserID] {
            _ = try await queue.submit((0..<2).map { submission(uid, "\(uid) \($0)") })
        }
        var uids: [UserID] = []
        var texts: [String] = []
        for _ in 0..<8 {
            let taken = try await queue.taken()
            uids.append(taken.request.uid)
            if taken.request.uid == 7 { texts.append(taken.intent.text.revealed) }
        }
        #expect(uids == [7, 3, 5, 7, 3, 5, 7, 7])
        #expect(texts == (0..<4).map { "seven \($0)" })
        // One who comes now does not wait behind the 46 that are left.
        try await queue.submit(submission(9))
        #expect(try await queue.taken().request.uid == 9)
        try await queue.close()
    }

    @Test func `the order of turns survives a restart`() async throws {
        let queue = try place.open()
        _ = try await queue.submit([submission(1), submission(1), submission(2)])
        #expect(try await queue.taken().request.uid == 1)
        try await queue.close()
        let again = try place.open()
        #expect(try await again.taken().request.uid == 2)
        try await again.close()
    }

    @Test func `one user's requests leave room for the others`() async throws {
        let queue = try place.open(QueueOptions(capacity: 5, perUser: 3))
        let results = try await queue.submit((0..<4).map { _ in submission(1) })
        #expect(results.map { (try? $0.get()) != nil } == [true, true, true, false])
        #expect(try await queue.room(for: 1) == 0)
        #expect(try await queue.room(for: 2) == 2)
        let quota = await refusal(.busy) { try await queue.submit(submission(1)) }
        #expect(quota?.message.contains("3 open requests") == true)
        #expect(quota?.parameters["retryAfter"] == .double(2))
        _ = try await queue.submit([submission(2), submission(2)])
        let full = await refusal(.busy) { try await queue.submit(submission(2)) }
        #expect(full?.message.contains("5 requests are open") == true)
        // A final request is no longer in the way.
        try await queue.end(.failed)
        try await queue.submit(submission(1))
        try await queue.close()
    }

    @Test func `a batch is committed as a whole or not at all`() async throws {
        let queue = try place.open()
        #expect(try await queue.submit([]).isEmpty)
        let accepted = try await queue.submit([submission(1, "one"), submission(1, "two")]).map {
            try $0.get()
        }
        try await queue.close()
        let again = try place.open()
        for request in accepted { #expect(try await again.taken().request.id == request.id) }
        try await again.close()
    }
}
