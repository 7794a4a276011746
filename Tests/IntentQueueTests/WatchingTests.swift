import IntentQueue
import Testing

@Suite("Watching", .timeLimit(.minutes(20)))
struct WatchingTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    /// What a stream delivers, to its end.
    private func all(_ stream: AsyncStream<QueuedRequest>) async -> [QueuedRequest] {
        await stream.reduce(into: []) { $0.append($1) }
    }

    @Test func `a stream goes from the present state through every change to the final one`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("text", label: "label").id
        let other = try await queue.submit("another").id
        let stream = try await queue.changes(of: id)
        let taken = try await queue.taken()
        #expect(taken.request.id == id)
        await queue.report(.encoding, taken.lease)
        await queue.report(.publishing, taken.lease)
        // Changes of other requests are not delivered.
        let second = try await queue.taken()
        #expect(second.request.id == other)
        try await queue.finish(second.lease, as: .failed, failure: .mishap)
        try await queue.finish(taken.lease, as: .done, adapter: "a-1")
        let changes = await all(stream)
        #expect(changes.map(\.state) == [.queued, .running, .running, .running, .done])
        #expect(changes.map(\.stage) == [nil, nil, .encoding, .publishing, nil])
        #expect(changes.allSatisfy { $0.id == id && $0.label == "label" })
        #expect(changes.last?.adapter == "a-1")
        try await queue.close()
    }

    @Test func `a watcher sees a request being requeued`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("text").id
        let lease = try await queue.taken().lease
        let stream = try await queue.changes(of: id)
        try await queue.requeue(lease)
        try await queue.end(.cancelled)
        #expect(await all(stream).map(\.state) == [.running, .queued, .running, .cancelled])
        try await queue.close()
    }

    @Test func `a watch of a final request delivers its end, and one of an unknown request nothing`()
        async throws
    {
        let queue = try place.open()
        let id = try await queue.submit("text").id
        try await queue.finish(try await queue.taken().lease, as: .refused, failure: .mishap)
        #expect(await all(try await queue.changes(of: id)).map(\.state) == [.refused])
        #expect(await all(try await queue.changes(of: "r-nobody")).isEmpty)
        try await queue.close()
    }

    @Test func `several may watch, and one that stops does not stop the others`() async throws {
        let queue = try place.open()
        let id = try await queue.submit("text").id
        let streams = [try await queue.changes(of: id), try await queue.changes(of: id)]
        let gone = Task { await all(try await queue.changes(of: id)) }
        gone.cancel()
        _ = try? await gone.value
        try await queue.finish(try await queue.taken().lease, as: .failed, failure: .mishap)
        for stream in streams { #expect(await all(stream).map(\.state) == [.queued, .running, .failed]) }
        try await queue.close()
    }

    @Test func `ending the watches ends every stream, not the requests`() async throws {
        let queue = try place.open()
        let ids = [try await queue.submit("one").id, try await queue.submit("two").id]
        var streams: [AsyncStream<QueuedRequest>] = []
        for id in ids { streams.append(try await queue.changes(of: id)) }
        await queue.endWatches()
        for stream in streams { #expect(await all(stream).map(\.state) == [.queued]) }
        #expect(try await queue.counts() == [.queued: 2])
        try await queue.close()
    }

    @Test func `closing the queue ends every stream as well`() async throws {
        let queue = try place.open()
        let stream = try await queue.changes(of: queue.submit("text").id)
        try await queue.close()
        #expect(await all(stream).map(\.state) == [.queued])
    }
}
