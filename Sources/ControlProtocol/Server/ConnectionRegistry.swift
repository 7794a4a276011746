internal import Synchronization

/// The open connections of a server and their calls in flight, bounded in all and for each user, and what was counted.
final class ConnectionRegistry: Sendable {
    private struct State {
        var open: [ConnectionID: Connection] = [:]
        var perUser: [UInt32: Int] = [:]
        var callsPerUser: [UInt32: Int] = [:]
        var counters = ServerCounters()
        var limits: ServerLimits
    }

    private let state: Mutex<State>
    /// What messages may take of the memory.
    let memory: MessageMemory

    init(limits: ServerLimits) {
        state = Mutex(State(limits: limits))
        memory = MessageMemory(limits: limits)
    }

    var limits: ServerLimits { state.withLock { $0.limits } }

    /// Sets other limits; what is open and in flight stays.
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

    /// Lets a connection in, or says that there are too many.
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

    /// Lets a call begin, or says that there are too many; one that began is to be ended.
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

    /// Says that a call that began has ended.
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
    /// How many a peer may have beyond the totals.
    fileprivate func reserve(for peer: Peer) -> Int { peer.uid == 0 ? reservedForRoot : 0 }
}
