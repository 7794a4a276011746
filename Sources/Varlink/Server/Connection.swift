internal import NIOCore
internal import Synchronization

/// One connection of a server: handles its calls one after the other, each in a task of its own.
final class Connection: Sendable {
    private struct State {
        var handler: Task<Void, Never>?
        var isOneway = false
        /// When the call in flight began.
        var handlingSince = NIODeadline.now()
        /// The peer has disconnected: nobody waits for a reply any more.
        var isAbandoned = false
        /// The server is shutting down: the call in flight is the last one.
        var isDraining = false
        var isCut = false
        /// Cut to make room for another user's connection.
        var isDismissed = false
    }

    /// A received call, and its parameters.
    struct Incoming: Sendable {
        /// The call, without its parameters.
        let call: Message.Call
        let text: CallText
    }

    let id = ConnectionID()
    let peer: Peer
    /// Whose connection it is counted as.
    let account: UInt32
    let framed: FramedChannel
    private let acceptedAt = NIODeadline.now()
    private let state = Mutex(State())

    init(peer: Peer, account: UInt32, framed: FramedChannel) {
        self.peer = peer
        self.account = account
        self.framed = framed
    }

    /// Handles calls until the peer closes its side or sends something invalid, or the server shuts down.
    ///
    /// Its task must not be cancelled: end it with ``drain()`` or ``cut()``.
    ///
    /// - Parameters:
    ///   - malformed: called if the connection ends because a message is not a call.
    ///   - handle: handles one call and sends its replies.
    func serve(
        malformed: () -> Void, handle: @escaping @Sendable (Incoming) async -> Void
    ) async {
        while true {
            switch await next() {
            case .end: return framed.close()
            case .malformed:
                malformed()
                return framed.close()
            case .call(let incoming):
                switch begin(incoming, handle: handle) {
                case .run(let task):
                    await task.value
                    guard end() else { return framed.close() }
                case .skip: continue
                case .stop: return framed.close()
                }
            }
        }
    }

    private enum Next {
        case call(Incoming)
        case malformed
        case end
    }

    /// The next call.
    ///
    /// A function of its own, so that no reference to the message's bytes outlives the call's `CallText`.
    private func next() async -> Next {
        guard let frame = await framed.next() else { return .end }
        let bytes = frame.bytes
        let parsed =
            bytes.readableBytes > SlowLane.threshold
            ? try? await SlowLane.run(for: account) { Message.call(bytes) } : Message.call(bytes)
        guard var call = parsed else { return .malformed }
        let text = CallText(call, memory: frame.reservation, account: account)
        call.parameters = nil
        return .call(Incoming(call: call, text: text))
    }

    private enum Beginning {
        case run(Task<Void, Never>)
        case skip
        case stop
    }

    private func begin(
        _ incoming: Incoming, handle: @escaping @Sendable (Incoming) async -> Void
    ) -> Beginning {
        state.withLock { state in
            if state.isDraining || state.isCut { return .stop }
            // Nobody reads a reply any more, but a oneway call still counts.
            if state.isAbandoned && !incoming.call.oneway { return .skip }
            // The task holds the call's memory until it has ended.
            let task = Task { await handle(incoming) }
            state.handler = task
            state.isOneway = incoming.call.oneway
            state.handlingSince = .now()
            return .run(task)
        }
    }

    /// Whether another call may follow.
    private func end() -> Bool {
        state.withLock { state in
            state.handler = nil
            return !state.isDraining && !state.isCut
        }
    }

    /// Cancels the call in flight because the peer has disconnected.
    func abandon() {
        state.withLock { state in
            state.isAbandoned = true
            if !state.isOneway { state.handler?.cancel() }
        }
    }

    /// Closes the connection after the call in flight.
    func drain() {
        let isIdle = state.withLock { state in
            state.isDraining = true
            return state.handler == nil
        }
        if isIdle { framed.close() }
    }

    /// Closes the connection at once.
    func cut() {
        state.withLock { state in
            state.isCut = true
            state.handler?.cancel()
        }
        framed.close()
    }
}

/// Making room for other users' connections.
extension Connection {
    /// What a connection is used for, the most dispensable first.
    enum Use: Comparable {
        /// No call since then.
        case idle(since: NIODeadline)
        /// Part of a message has arrived, and nothing since then.
        case halfMessage(since: NIODeadline)
        /// A call in flight. The newest is the most dispensable: less work is lost.
        case call(since: NIODeadline)

        static func < (one: Use, other: Use) -> Bool {
            switch (one, other) {
            case (.idle(let one), .idle(let other)): one < other
            case (.halfMessage(let one), .halfMessage(let other)): one < other
            case (.call(let one), .call(let other)): one > other
            default: one.rank < other.rank
            }
        }

        private var rank: Int {
            switch self {
            case .idle: 0
            case .halfMessage: 1
            case .call: 2
            }
        }
    }

    var use: Use {
        let (isHandling, since) = state.withLock { ($0.handler != nil, $0.handlingSince) }
        if isHandling { return .call(since: since) }
        let waiting = framed.waiting
        let begin = max(waiting.since ?? acceptedAt, acceptedAt)
        return waiting.isMidMessage ? .halfMessage(since: begin) : .idle(since: begin)
    }

    /// Whether the connection was closed to make room for another user's.
    var isDismissed: Bool { state.withLock { $0.isDismissed } }

    /// Closes the connection to make room for another user's.
    ///
    /// - Parameter farewell: sent to a peer without a call in flight, who finds it in place of the reply to its next
    ///   call. A call in flight is cancelled; the server answers it.
    func dismiss(_ farewell: ByteBuffer?) {
        let handler = state.withLock { state in
            state.isCut = true
            state.isDismissed = true
            return state.handler
        }
        if let handler { return handler.cancel() }
        if let farewell { framed.channel.writeAndFlush(farewell, promise: nil) }
        framed.close()
    }
}
