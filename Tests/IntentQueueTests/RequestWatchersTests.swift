import ErrorModel
import Files
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

    @Test mutating func `a feed holds the newest state of each request that concerns it, in order`() {
        let owner = request("r-1", .queued).uid
        let feed = ChangeFeed { $0 == owner }
        watchers.add(feed)
        for _ in 0..<10_000 { watchers.announce(request("r-1", .running)) }
        watchers.announce(request("r-2", .running))
        watchers.announce(request("r-1", .done))
        #expect(taken(feed).map(\.id) == ["r-1", "r-2"])
        watchers.announce(request("r-2", .failed))
        #expect(taken(feed).map(\.state) == [.failed])
        let blind = ChangeFeed { _ in false }
        watchers.add(blind)
        watchers.announce(request("r-3", .done))
        #expect(blind.take() == nil && feed.take()?.id == "r-3")
        watchers.remove(feed)
        watchers.announce(request("r-4", .done))
        #expect(feed.take() == nil && !feed.hasEnded)
    }

    @Test
    mutating func
        `a watcher that keeps up sees every state, and one that falls behind the newest ones, in order`()
    {
        let feed = ChangeFeed(few: 3) { _ in true }
        watchers.add(feed)
        for state in [RequestState.queued, .running, .running, .running, .done] {
            watchers.announce(request("r-1", state))
        }
        watchers.announce(request("r-2", .queued))
        // While older changes wait, none may overtake them.
        #expect(feed.take()?.state == .queued)
        watchers.announce(request("r-2", .done))
        #expect(
            taken(feed).map { "\($0.id) \($0.state)" } == [
                "r-1 running", "r-1 running", "r-1 done", "r-2 done",
            ])
        watchers.announce(request("r-3", .queued))
        watchers.announce(request("r-3", .done))
        #expect(taken(feed).map(\.state) == [.queued, .done])
    }

    @Test mutating func `a feed with too many requests ends instead of leaving some out`() {
        let feed = ChangeFeed { _ in true }
        watchers.add(feed)
        for number in 0..<ChangeFeed.limit { watchers.announce(request("r-\(number)", .done)) }
        #expect(!feed.hasEnded)
        watchers.announce(request("r-one-more", .done))
        #expect(feed.hasEnded && feed.isOverfull && feed.take() == nil)
    }

    private func taken(_ feed: ChangeFeed) -> [QueuedRequest] {
        var changes: [QueuedRequest] = []
        while let change = feed.take() { changes.append(change) }
        return changes
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
        let feed = ChangeFeed { _ in true }
        watchers.add(feed)
        watchers.end()
        #expect(feed.hasEnded && !feed.isOverfull)
        let late = ChangeFeed { _ in true }
        watchers.add(late)
        #expect(late.hasEnded)
        let (stream, watch) = watchers.begin("r-1") { _ in }
        #expect(await states(stream).isEmpty)
        #expect(watch == nil && watchers.hasEnded)
    }
}
