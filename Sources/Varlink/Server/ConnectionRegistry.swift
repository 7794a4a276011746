internal import Synchronization

/// The counters of a ``VarlinkServer``.
///
/// All but ``openConnections`` and ``callsInFlight`` only grow.
public struct ServerCounters: Sendable, Hashable {
    public init() {}

    /// Open connections.
    public internal(set) var openConnections = 0
    /// Connections that were accepted.
    public internal(set) var acceptedConnections = 0
    /// Connections closed at once because a limit on open connections was reached, in all or for one user.
    public internal(set) var refusedConnections = 0
    /// Calls answered with `Busy` because their unread replies would have exceeded the memory limits.
    public internal(set) var crowdedReplies = 0
    /// Connections closed because a message was not a varlink call.
    public internal(set) var malformedMessages = 0
    /// Connections closed because a message was too long.
    public internal(set) var oversizedMessages = 0
    /// Connections closed because a message was left half sent.
    public internal(set) var idleMessages = 0
    /// Connections closed because their messages would have exceeded the memory limits.
    public internal(set) var crowdedMessages = 0
    /// Connections closed because the peer did not read its replies.
    public internal(set) var unreadReplies = 0
    /// Calls in flight.
    public internal(set) var callsInFlight = 0
    /// Calls answered with `Busy` because a limit on calls in flight was reached, in all or for one user.
    public internal(set) var refusedCalls = 0
    /// Calls that were received.
    public internal(set) var calls = 0
    /// Calls that ended with `PermissionDenied`.
    public internal(set) var deniedCalls = 0
    /// Calls that ended with an error reply.
    public internal(set) var failedCalls = 0
}

/// The open connections of a server and their calls in flight, limited in all and for each user, and the
/// counters.
final class ConnectionRegistry: Sendable {
    private struct State {
        var open: [ConnectionID: Connection] = [:]
        var perUser: [UInt32: Int] = [:]
        var callsPerUser: [UInt32: Int] = [:]
        var counters = ServerCounters()
        var limits: ServerLimits
    }

    private let state: Mutex<State>
    /// The memory that all messages share.
    let memory: MessageMemory

    init(limits: ServerLimits) {
        state = Mutex(State(limits: limits))
        memory = MessageMemory(limits: limits)
    }

    var limits: ServerLimits { state.withLock { $0.limits } }

    /// Changes the limits; open connections and calls in flight stay.
    func update(_ limits: ServerLimits) {
        state.withLock { $0.limits = limits }
        memory.update(limits)
    }

    var counters: ServerCounters {
        state.withLock { state in
            var counters = state.counters
            counters.openConnections = state.open.count
            return counters
        }
    }

    var all: [Connection] { state.withLock { Array($0.open.values) } }

    func count(_ counter: WritableKeyPath<ServerCounters, Int>) {
        state.withLock { $0.counters[keyPath: counter] += 1 }
    }

    /// Admits a connection; false if a limit has been reached.
    func admit(_ connection: Connection) -> Bool {
        state.withLock { state in
            let ofUser = state.perUser[connection.peer.uid, default: 0]
            let total = state.limits.connections + state.limits.reserve(for: connection.peer)
            guard state.open.count < total, ofUser < state.limits.connectionsPerUser
            else {
                state.counters.refusedConnections += 1
                return false
            }
            state.open[connection.id] = connection
            state.perUser[connection.peer.uid] = ofUser + 1
            state.counters.acceptedConnections += 1
            return true
        }
    }

    /// Admits a call; false if a limit has been reached.
    ///
    /// Every admitted call must be ended with ``end(_:)``.
    func begin(_ peer: Peer) -> Bool {
        state.withLock { state in
            let ofUser = state.callsPerUser[peer.uid, default: 0]
            let total = state.limits.calls + state.limits.reserve(for: peer)
            guard state.counters.callsInFlight < total, ofUser < state.limits.callsPerUser else {
                state.counters.refusedCalls += 1
                return false
            }
            state.counters.callsInFlight += 1
            state.callsPerUser[peer.uid] = ofUser + 1
            return true
        }
    }

    /// Ends an admitted call.
    func end(_ peer: Peer) {
        state.withLock { state in
            state.counters.callsInFlight -= 1
            let rest = state.callsPerUser[peer.uid, default: 1] - 1
            state.callsPerUser[peer.uid] = rest > 0 ? rest : nil
        }
    }

    func remove(_ connection: Connection) {
        state.withLock { state in
            guard state.open.removeValue(forKey: connection.id) != nil else { return }
            let rest = state.perUser[connection.peer.uid, default: 1] - 1
            state.perUser[connection.peer.uid] = rest > 0 ? rest : nil
        }
    }
}

extension ServerLimits {
    /// How many connections or calls a peer may have beyond the totals.
    fileprivate func reserve(for peer: Peer) -> Int { peer.uid == 0 ? reservedForRoot : 0 }
}
