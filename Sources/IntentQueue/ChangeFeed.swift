public import Executors
internal import Files
internal import Synchronization

/// The changes of requests that one watcher has not taken yet: a few of them in full, beyond that of each request only the
/// newest state.
///
/// A watcher that keeps up sees every state, however short it is. One that reads slowly, or not at all, holds little more
/// than one state for each request, shared with other watchers, and still sees how every request ended. Where too many
/// requests wait, the feed ends: it is never silently incomplete.
public final class ChangeFeed: Sendable {
    /// One state of a request, shared by all feeds that have not taken it.
    final class Change: Sendable {
        let request: QueuedRequest

        init(_ request: QueuedRequest) { self.request = request }
    }

    private struct State {
        /// The changes that came first, in full; none is added while any of `newest` waits.
        var first: [Change] = []
        var newest: [String: Change] = [:]
        /// The identifiers of the requests in `newest`, first come, first served, from `head` on.
        var order: [String] = []
        var head = 0
        var hasEnded = false
        var isOverfull = false
    }

    /// How many requests may wait with a change.
    static let limit = 2_048

    /// Rings for every change, and when the feed ends.
    ///
    /// Its owner may ring it as well, to wake the task that listens.
    public let bell = Bell()
    private let few: Int
    private let isWanted: @Sendable (UserID) -> Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - few: how many changes may wait before only the newest state of each request does.
    ///   - isWanted: whether the requests of a user concern the watcher; asked at each change.
    init(few: Int = 0, isWanted: @escaping @Sendable (UserID) -> Bool) {
        self.few = few
        self.isWanted = isWanted
    }

    /// The next change; nil if there is none now.
    public func take() -> QueuedRequest? {
        state.withLock { state in
            if !state.first.isEmpty { return state.first.removeFirst().request }
            guard state.head < state.order.count else { return nil }
            let change = state.newest.removeValue(forKey: state.order[state.head])
            state.head += 1
            if state.head == state.order.count {
                state.order.removeAll(keepingCapacity: state.head < 64)
                state.head = 0
            }
            return change?.request
        }
    }

    /// Whether no change will come any more.
    public var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// Whether the feed has ended because its watcher took too few changes.
    public var isOverfull: Bool { state.withLock { $0.isOverfull } }

    /// Adds a change.
    func announce(_ change: Change) {
        guard isWanted(change.request.uid) else { return }
        state.withLock { state in
            guard !state.hasEnded else { return }
            if state.newest.isEmpty, state.first.count < few { return state.first.append(change) }
            if state.newest.updateValue(change, forKey: change.request.id) != nil { return }
            guard state.newest.count <= Self.limit else {
                (state.first, state.newest, state.order, state.head) = ([], [:], [], 0)
                (state.hasEnded, state.isOverfull) = (true, true)
                return
            }
            state.order.append(change.request.id)
        }
        bell.ring()
    }

    /// Ends the feed; what it holds can still be taken.
    func end() {
        state.withLock { $0.hasEnded = true }
        bell.ring()
    }
}
