internal import NIOCore
internal import Synchronization

/// One connection of a server: handles its calls one after the other, each in a task of its own.
final class Connection: Sendable {
    private struct State {
        var handler: Task<Void, Never>?
        var isOneway = false
        /// The peer has disconnected: nobody waits for a reply any more.
        var isAbandoned = false
        /// The server is shutting down: the call in flight is the last one.
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

    /// Handles calls until the peer closes its side or sends something invalid, or the server shuts down.
    ///
    /// Its task must not be cancelled: end it with ``drain()`` or ``cut()``.
    ///
    /// - Parameters:
    ///   - malformed: called if the connection ends because a message is not a call.
    ///   - handle: handles one call and sends its replies.
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
            // Nobody reads a reply any more, but a oneway call still counts.
            if state.isAbandoned && !call.oneway { return .skip }
            let task = Task {
                await handle(call)
                // The call's bytes stay in this memory until it has ended.
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

/// Identifies a connection within this process; never reused.
public struct ConnectionID: Sendable, Hashable {
    private static let last = Atomic<UInt64>(0)

    private let number: UInt64

    init() {
        number = Self.last.add(1, ordering: .relaxed).newValue
    }
}

extension ConnectionID: CustomStringConvertible {
    public var description: String { String(number) }
}
