import ErrorModel
import Foundation
import IntentQueue
import TestSupport
import Testing

@Suite("Finishing", .timeLimit(.minutes(20)))
struct FinishingTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    /// Every final state with the fields that belong to it.
    private static let ends: [(state: RequestState, adapter: String?, failure: SgloradError?)] = [
        (.done, "a-1", nil), (.refused, nil, SgloradError(.noRelevantExpert, "none is near")),
        (.failed, nil, .mishap),
        (.cancelled, nil, nil),
    ]

    @Test(arguments: ends) func `a final state is stored with its adapter or failure`(
        state: RequestState, adapter: String?, failure: SgloradError?
    ) async throws {
        #expect(state.isFinal)
        let queue = try place.open()
        let id = try await queue.submit("text").id
        let lease = try await queue.taken().lease
        let before = Date()
        try await queue.finish(lease, as: state, adapter: adapter, failure: failure)
        let found = try #require(try await queue.request(id))
        #expect(found.state == state && found.adapter == adapter)
        #expect(found.failure?.code == failure?.code && found.failure?.message == failure?.message)
        let finishedAt = try #require(found.finishedAt)
        #expect(
            finishedAt.timeIntervalSince(before) > -1e-3 && finishedAt <= Date(timeIntervalSinceNow: 1e-3))
        try await queue.close()
        let again = try place.open()
        #expect(try await again.request(id) == found)
        try await again.close()
    }

    @Test(arguments: ends) func `nothing of the intent's text is left in any file`(
        state: RequestState, adapter: String?, failure: SgloradError?
    ) async throws {
        let words = ["whimsical", "ptarmigan", "Schwimmbad", "kumquat"]
        let queue = try place.open()
        // Long enough for overflow pages, which are to be erased as well.
        let text = words.joined(separator: " ") + String(repeating: " kumquat and more", count: 1500)
        let id = try await queue.submit(text).id
        let lease = try await queue.taken().lease
        try await queue.finish(lease, as: state, adapter: adapter, failure: failure)
        try await queue.close()
        #expect(try place.holding([id]) == [id])
        #expect(try place.holding(words).isEmpty)
    }

    @Test func `until then the text is on the disk`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("whimsical ptarmigan").id
        #expect(try place.holding(["whimsical", "ptarmigan"]).count == 2)
        try await queue.close()
        #expect(try place.holding([id, "whimsical", "ptarmigan"]).count == 3)
    }

    @Test func `a request ends once, and later attempts change nothing`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("text").id
        // Not before a worker has it.
        try await queue.finish(Lease(request: id, token: ""), as: .failed, failure: .mishap)
        #expect(try await queue.request(id)?.state == .queued)
        let lease = try await queue.taken().lease
        #expect(try await queue.finish(lease, as: .done, adapter: "a-1"))
        let first = try await queue.request(id)
        #expect(try await !queue.finish(lease, as: .failed, failure: .mishap))
        #expect(try await !queue.finish(lease, as: .done, adapter: "a-2"))
        #expect(try await queue.request(id) == first)
        #expect(
            try await !queue.finish(Lease(request: "r-nobody", token: lease.token), as: .cancelled))
        #expect(try await queue.counts() == [.done: 1])
        try await queue.close()
    }

    @Test func `done requires an adapter, and no other state may have one`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("text").id
        let lease = try await queue.taken().lease
        _ = await refusal(.storageFailure) { try await queue.finish(lease, as: .done) }
        _ = await refusal(.storageFailure) { try await queue.finish(lease, as: .failed, adapter: "a-1") }
        #expect(try await queue.request(id)?.state == .running)
        try await queue.finish(lease, as: .done, adapter: "a-1")
        #expect(try await queue.request(id)?.state == .done)
        try await queue.close()
    }
}
