internal import Synchronization

/// The open connections of a server, bounded in all and for each user, and what was counted.
final class ConnectionRegistry: Sendable {
    private struct State {
        var open: [ConnectionID: Connection] = [:]
        var perUser: [UInt32: Int] = [:]
        var counters = ServerCounters()
    }

    private let state = Mutex(State())
    private let limits: ServerLimits

    init(limits: ServerLimits) {
        self.limits = limits
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
            guard state.open.count < limits.connections, ofUser < limits.connectionsPerUser else {
                state.counters.refusedConnections += 1
                return false
            }
            state.open[connection.id] = connection
            state.perUser[connection.peer.uid] = ofUser + 1
            state.counters.acceptedConnections += 1
            return true
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
