import ErrorModel
import Testing

@testable import IntentQueue

@Suite("The watchers of requests")
struct RequestWatchersTests {
    private var watchers = RequestWatchers()

    private func request(_ id: String, _ state: RequestState) -> QueuedRequest {
        var record = RequestRecord.queued(id)
        record.state = state
        return QueuedRequest(record)
    }

    @Test mutating func `a watch ends with the final state of its request alone`() async throws {
        let (stream, watch) = watchers.begin("r-1") { _ in }
        watchers.tell(try #require(watch), request("r-1", .queued))
        watchers.announce(request("r-2", .done))
        watchers.announce(request("r-1", .running))
        watchers.announce(request("r-1", .failed))
        watchers.announce(request("r-1", .queued))
        #expect(await states(stream) == [.queued, .running, .failed])
    }

    @Test mutating func `a watch of a final request or of none ends at once`() async throws {
        let (final, first) = watchers.begin("r-1") { _ in }
        watchers.tell(try #require(first), request("r-1", .done))
        #expect(await states(final) == [.done])
        let (none, second) = watchers.begin("r-2") { _ in }
        watchers.tell(try #require(second), nil)
        #expect(await states(none).isEmpty)
    }

    @Test mutating func `a reader that falls behind still gets the final state`() async {
        let (stream, _) = watchers.begin("r-1") { _ in }
        for _ in 0..<100 { watchers.announce(request("r-1", .running)) }
        watchers.announce(request("r-1", .done))
        let seen = await states(stream)
        #expect(seen.count == 16 && seen.last == .done)
    }

    @Test mutating func `the watch of all delivers everything, or ends`() async {
        let (stream, _) = watchers.begin(nil) { _ in }
        for _ in 0..<4096 { watchers.announce(request("r-1", .running)) }
        watchers.announce(request("r-1", .done))
        let seen = await states(stream)
        #expect(seen.count == 4096 && seen.allSatisfy { $0 == .running })
    }

    @Test mutating func `an interruption ends the watches, and new ones may begin`() async {
        let (stream, _) = watchers.begin("r-1") { _ in }
        watchers.interrupt(.mishap)
        #expect(await states(stream).isEmpty)
        #expect(watchers.interruption?.message == SgloradError.mishap.message && !watchers.hasEnded)
        watchers.resume()
        #expect(watchers.interruption == nil)
        let (_, watch) = watchers.begin("r-1") { _ in }
        #expect(watch != nil)
    }

    @Test mutating func `once ended, no watch begins`() async {
        let (stream, _) = watchers.begin(nil) { _ in }
        watchers.end()
        #expect(await states(stream).isEmpty)
        let (late, watch) = watchers.begin("r-1") { _ in }
        #expect(await states(late).isEmpty)
        #expect(watch == nil && watchers.hasEnded)
    }
}
