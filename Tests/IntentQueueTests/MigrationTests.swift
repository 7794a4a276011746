import ErrorModel
import Files
import Foundation
import GRDB
import Privacy
import Storage
import TestSupport
import Testing

@testable import IntentQueue

@Suite("Databases of earlier versions", .timeLimit(.minutes(20)))
struct MigrationTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    @Test func `a queue of the first version keeps its order, and its running requests are requeued`()
        async throws
    {
        let intent = #"{"text":"birds","seed":5,"force":false}"#
        try OldQueue.create(
            place.path, version: 1,
            """
            INSERT INTO request VALUES ('r-late', 1, 'b', NULL, '\(intent)', 'queued', 30, NULL, NULL, NULL);
            INSERT INTO request VALUES ('r-early', 1, 'b', 'l', '\(intent)', 'running', 10, NULL, NULL, NULL);
            INSERT INTO request VALUES ('r-done', 1, 'b', NULL, NULL, 'done', 20, 21, 'a-1', NULL);
            """)
        let queue = try place.open()
        #expect(try await queue.counts() == [.queued: 2, .done: 1])
        let first = try await queue.taken()
        #expect(first.request.id == "r-early" && first.request.label == "l" && first.intent.text == "birds")
        // The options had no column of their own.
        #expect(first.intent.options == IntentOptions(seed: 5))
        #expect(try await queue.taken().request.id == "r-late")
        #expect(try await queue.request("r-done")?.adapter == "a-1")
        #expect(try await queue.requests(uid: 1, limit: 9).map(\.id) == ["r-late", "r-done", "r-early"])
        try await queue.finish(first.lease, as: .done, adapter: "a-2")
        try await queue.close()
    }

    @Test func `a queue of the second version has no pending results and can have some`() async throws {
        try OldQueue.create(
            place.path, version: 2,
            """
            INSERT INTO request (id, uid, base, intent, options, state, submittedAt)
                VALUES ('r-old', 1, 'b', '{"text":"old","seed":1,"force":false}',
                    '{"text":"","seed":1,"force":false}', 'queued', 1);
            """)
        let queue = try place.open()
        #expect(try await queue.request("r-old")?.spoolName == nil)
        try await queue.submit(Submission(QueuedIntent("text"), base: "b", uid: 7, spoolName: "a.json"))
        try await queue.end(.failed)
        #expect(try await queue.pendingResults(limit: 10).isEmpty)
        try await queue.end(.failed)
        #expect(try await queue.pendingResults(limit: 10).map(\.request.spoolName) == ["a.json"])
        try await queue.close()
    }

    /// Options of every kind, as the third version stored them: with the text in `intent`, with an empty one in `options`.
    private static func json(_ text: String) -> String {
        """
        {"text":"\(text)","strategy":"weighted","topK":3,"temperature":0.07,"proximity":"plain",\
        "seed":18446744073709551615,"force":true}
        """
    }
    private static let options = IntentOptions(
        strategy: "weighted", topK: 3, temperature: 0.07, proximity: "plain", seed: .max, force: true)

    /// A queue of the third version with a request in each state, and some that are damaged.
    private func createVersion3() throws {
        let (json, none) = (Self.json, Self.json(""))
        let failure = #"{"code":"Busy","message":"busy","parameters":{"retryAfter":2}}"#
        try OldQueue.create(
            place.path, version: 3,
            """
            INSERT INTO request (sequence, id, uid, base, label, intent, options, state, submittedAt, attempts,
                    lease, calledOff, keyHash, contentHash, spoolName, isOwed) VALUES
                (1, 'r-queued', 1, 'b', 'l', '\(json("whimsical\\u0000ptarmigan"))', '\(none)', 'queued', 1, 0,
                    NULL, 0, 'key', 'content', 'a.json', 1),
                (2, 'r-running', 2, 'b', NULL, '\(json("kumquat"))', '\(none)', 'running', 2, 1,
                    'token', 0, NULL, NULL, NULL, 0),
                (3, 'r-marked', 2, 'b', NULL, '\(json("haberdasher"))', '\(none)', 'running', 3, 1,
                    'token', 1, NULL, NULL, NULL, 0),
                (4, 'r-damaged', 3, 'b', NULL, '{"text":"schooner"', '\(none)', 'queued', 4, 0,
                    NULL, 0, NULL, NULL, NULL, 0);
            INSERT INTO request (sequence, id, uid, base, options, state, submittedAt, submittedAge, finishedAt,
                    endedAge, adapter, failure, spoolName, isOwed) VALUES
                (5, 'r-done', 1, 'b', '\(none)', 'done', 5, 0, 6, 0, 'a-1', NULL, 'b.json', 1),
                (6, 'r-refused', 1, 'b', '\(none)', 'refused', 6, 0, 7, 0, NULL, '\(failure)', NULL, 0),
                (7, 'r-failed', 1, 'b', NULL, 'failed', 7, 0, 8, 0, NULL, '\(failure)', NULL, 0),
                (8, 'r-cancelled', 1, 'b', '\(none)', 'cancelled', 8, 0, 9, 0, NULL, NULL, NULL, 0),
                (9, 'r-lost', 1, 'b', 'no JSON', 'cancelled', 9, 0, 10, 0, NULL, NULL, NULL, 0);
            INSERT INTO retained VALUES ('r-failed', '\(json("marmalade"))'), ('r-refused', '{"text":"galleon"');
            UPDATE sqlite_sequence SET seq = 41 WHERE name = 'request';
            INSERT INTO turn VALUES (1, 7);
            """)
    }

    @Test func `a queue of the third version loses nothing`() async throws {
        try createVersion3()
        let options = QueueOptions(retainIntents: .seconds(3600))
        let queue = try place.open(options)
        #expect(try await queue.problems().isEmpty)
        #expect(
            try await queue.counts() == [
                .queued: 4, .done: 1, .refused: 1, .failed: 1, .cancelled: 2,
            ])
        let refused = try #require(try await queue.request("r-refused"))
        #expect(refused.failure?.code == .busy && refused.failure?.parameters["retryAfter"] == .int(2))
        #expect(refused.finishedAt == Date(timeIntervalSince1970: 7))
        let pending = try await queue.pendingResults(limit: 9)
        #expect(pending.map(\.request.id) == ["r-done"] && pending.first?.receipt.sequence == 5)
        // A number that was once used is not used again.
        let next = try await queue.submit("text")
        let stored = try await queue.database.read { db in try RequestRecord.find(next.id, in: db) }
        #expect(stored?.sequence == 42)
        try await queue.forget([next.id], evenOpen: true)

        // Users 2 and 3 were never served, user 1 was.
        let running = try await queue.taken()
        #expect(running.request.id == "r-running" && running.request.attempts == 2)
        #expect(running.intent == QueuedIntent(text: "kumquat", options: Self.options))
        let queued = try await queue.taken()
        #expect(queued.request.id == "r-queued" && queued.request.label == "l")
        #expect(queued.request.spoolName == "a.json")
        #expect(queued.intent == QueuedIntent(text: "whimsical\u{0}ptarmigan", options: Self.options))
        let marked = try await queue.taken()
        #expect(marked.request.id == "r-marked" && marked.request.isCancelRequested)
        #expect(try await queue.take() == nil)

        let damaged = try #require(try await queue.request("r-damaged"))
        #expect(damaged.state == .failed && damaged.failure?.message.contains("Submit it again") == true)
        _ = await refusal(.invalidIntent) { try await queue.retry("r-damaged") }
        try await queue.close()
    }

    @Test func `its final requests can be retried with the data that is left`() async throws {
        try createVersion3()
        let queue = try place.open()
        try await queue.forget(["r-queued", "r-running", "r-marked", "r-damaged"], evenOpen: true)
        // The text was retained, and the options came with it.
        #expect(try await queue.retry("r-failed")?.state == .queued)
        #expect(try await queue.taken().intent == QueuedIntent(text: "marmalade", options: Self.options))
        // What was retained cannot be read, the options can.
        _ = await refusal(.invalidIntent) { try await queue.retry("r-refused") }
        #expect(try await queue.retry("r-refused", text: "fish")?.state == .queued)
        #expect(try await queue.taken().intent == QueuedIntent(text: "fish", options: Self.options))
        // Neither can be read.
        #expect(try await queue.retry("r-lost", text: "fish")?.state == .queued)
        #expect(try await queue.taken().intent.options.strategy == nil)
        #expect(try await queue.forget(["r-done"]) == ["r-done"])
        try await queue.close()
    }

    @Test func `after the migration each text is stored once, and erased with its request's end`()
        async throws
    {
        try createVersion3()
        #expect(try place.occurrences(of: "ptarmigan") > 0)
        let queue = try place.open(QueueOptions(keepLabels: .zero))
        try await queue.sweep()
        #expect(try place.holding(["schooner", "galleon", "marmalade"]).isEmpty)
        for word in ["ptarmigan", "kumquat", "haberdasher"] {
            #expect(try place.occurrences(of: word) == 1, "\(word)")
        }
        while let taken = try await queue.take() { try await queue.finish(taken.lease, as: .refused) }
        try await queue.sweep()
        #expect(try place.holding(["ptarmigan", "kumquat", "haberdasher"]).isEmpty)
        try await queue.close()
    }
}
