internal import NIOCore
internal import Synchronization

/// One connection of a server: takes its calls one after the other and has each handled in a task.
final class Connection: Sendable {
    private struct State {
        var handler: Task<Void, Never>?
        var isOneway = false
        /// The other side is gone: nobody waits for a reply any more.
        var isAbandoned = false
        /// The server is shutting down: the call in flight is the last.
        var isDraining = false
        var isCut = false
    }

    let id = ConnectionID()
    let peer: Peer
    let framed: FramedChannel
    private let state = Mutex(State())

    init(peer: Peer, framed: FramedChannel) {
        self.peer = peer
        self.framed = framed
    }

    /// Takes calls until the other side is done, sends nonsense, or the server shuts down.
    ///
    /// Its task must not be cancelled: end it with ``drain()`` or ``cut()``.
    ///
    /// - Parameters:
    ///   - malformed: called if the connection ends because of a message that is no call.
    ///   - handle: handles one call, sends its replies, and throws nothing.
    func serve(
        malformed: () -> Void, handle: @escaping @Sendable (Message.Call) async -> Void
    ) async {
        while let frame = await framed.next() {
            guard let call = Message.call(frame.bytes) else {
                malformed()
                break
            }
            switch begin(call, frame.reservation, handle: handle) {
            case .run(let task):
                await task.value
                guard end() else { return framed.close() }
            case .skip: continue
            case .stop: return framed.close()
            }
        }
        framed.close()
    }

    private enum Beginning {
        case run(Task<Void, Never>)
        case skip
        case stop
    }

    private func begin(
        _ call: Message.Call, _ memory: MessageMemory.Reservation?,
        handle: @escaping @Sendable (Message.Call) async -> Void
    ) -> Beginning {
        state.withLock { state in
            if state.isDraining || state.isCut { return .stop }
            // Nobody reads a reply any more; a call without a reply was still meant.
            if state.isAbandoned && !call.oneway { return .skip }
            let task = Task {
                await handle(call)
                // The call stands on it to its end.
                withExtendedLifetime(memory) {}
            }
            state.handler = task
            state.isOneway = call.oneway
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

    /// Says that the other side is gone: what it waits for is cancelled.
    func abandon() {
        state.withLock { state in
            state.isAbandoned = true
            if !state.isOneway { state.handler?.cancel() }
        }
    }

    /// Ends the connection after the call in flight.
    func drain() {
        let isIdle = state.withLock { state in
            state.isDraining = true
            return state.handler == nil
        }
        if isIdle { framed.close() }
    }

    /// Ends the connection now.
    func cut() {
        state.withLock { state in
            state.isCut = true
            state.handler?.cancel()
        }
        framed.close()
    }
}
