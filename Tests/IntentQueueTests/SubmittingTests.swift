import ErrorModel
import Files
import Foundation
import IntentQueue
import Privacy
import TestSupport
import Testing

@Suite("Submitting", .timeLimit(.minutes(20)))
struct SubmittingTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    @Test func `an admitted request is found whole when the queue is opened again`() async throws {
        let intent = QueuedIntent(
            text: "route requests about travel — «Zürich»\n\u{1F426}\u{0}end",
            options: IntentOptions(
                strategy: "weighted", topK: 5, temperature: 0.07, proximity: "plain", seed: .max, force: true)
        )
        let queue = try place.open()
        let before = Date()
        let submitted = try await queue.submit(intent, base: "minilm", uid: 4_294_967_295, label: "a label")
        #expect(submitted.state == .queued && submitted.finishedAt == nil)
        #expect(submitted.submittedAt >= before && submitted.submittedAt <= Date())
        try await queue.close()

        let again = try place.open()
        let found = try #require(try await again.request(submitted.id))
        #expect(found.uid == 4_294_967_295 && found.base == "minilm" && found.label == "a label")
        #expect(found.state == .queued && found.adapter == nil && found.failure == nil)
        #expect(abs(found.submittedAt.timeIntervalSince(submitted.submittedAt)) < 1e-3)
        let taken = try #require(try await again.take())
        #expect(taken.request.id == submitted.id && taken.request.state == .running)
        #expect(taken.intent == intent)
        try await again.close()
    }

    @Test func `what cannot be made durable is refused and is not in the queue, and the next is admitted`()
        async throws
    {
        let queue = try place.open()
        let first = try await queue.submit("first").id
        // Nothing but a link where the log is flushed; SQLite itself has it open.
        let log = place.path + "-wal"
        try FileManager.default.moveItem(atPath: log, toPath: log + "-moved")
        try FileManager.default.createSymbolicLink(atPath: log, withDestinationPath: "/dev/null")
        _ = await refusal(.storageFailure) { try await queue.submit("second") }
        #expect(try await queue.requests(uid: nil, limit: 10).map(\.id) == [first])
        try FileManager.default.removeItem(atPath: log)
        try FileManager.default.moveItem(atPath: log + "-moved", toPath: log)
        let third = try await queue.submit("third").id
        #expect(try await queue.requests(uid: nil, limit: 10).map(\.id).sorted() == [first, third].sorted())
        try await queue.close()
    }

    @Test func `an intent without options comes back without them`() async throws {
        let queue = try place.open()
        let intent = QueuedIntent(text: "birds", options: IntentOptions(seed: 0))
        _ = try await queue.submit(intent, base: "b", uid: 0, label: nil)
        let taken = try #require(try await queue.take())
        #expect(taken.intent == intent && taken.request.label == nil)
        let options = taken.intent.options
        #expect(options.strategy == nil && options.topK == nil && !options.force)
        try await queue.close()
    }

    @Test func `every request has an identifier of its own`() async throws {
        let queue = try place.open()
        var identifiers: Set<String> = []
        for _ in 0..<20 { identifiers.insert(try await queue.submit("the same").id) }
        #expect(identifiers.count == 20)
        #expect(try await queue.request("r-nobody") == nil)
        #expect(try await queue.counts() == [.queued: 20])
        try await queue.close()
    }

    @Test func `a full queue is busy, and admits again once a request is final`() async throws {
        let queue = try place.open(capacity: 2)
        try await queue.submit("first")
        try await queue.submit("second")
        // A running request is open as well.
        let running = try await queue.taken().lease
        let error = await refusal(.busy) { try await queue.submit("third") }
        #expect(error?.parameters["retryAfter"] == .double(2))
        #expect(error?.message.contains("2 requests are open") == true)
        #expect(try await queue.counts() == [.queued: 1, .running: 1])
        try await queue.finish(running, as: .failed, failure: .mishap)
        try await queue.submit("third")
        _ = await refusal(.busy) { try await queue.submit("fourth") }
        try await queue.close()
    }

    @Test func `a closed queue accepts nothing`() async throws {
        let queue = try place.open()
        try await queue.close()
        let error = await refusal(.storageFailure) { try await queue.submit("late") }
        #expect(error?.parameters["path"] == .string(place.path))
        #expect(try place.holding(["late"]).isEmpty)
    }

    @Test func `a database that cannot be opened is named`() async throws {
        let path = place.folder + "/nowhere/queue.db"
        let error = refusal(.storageFailure) { try RequestQueue(path: path) }
        #expect(error?.parameters["path"] == .string(path))
    }

    @Test func `an intent's description does not contain its text`() {
        let intent = QueuedIntent(text: "a secret wish", options: IntentOptions(strategy: "nearest", seed: 7))
        for said in ["\(intent)", String(reflecting: intent)] {
            #expect(said.contains("13 bytes") && said.contains("nearest") && !said.contains("secret"))
        }
    }
}
