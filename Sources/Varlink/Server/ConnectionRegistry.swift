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
    /// Connections of the user with the most that were closed to make room for another user's.
    public internal(set) var dismissedConnections = 0
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
    /// Calls answered with `Busy` because a limit on calls in flight was reached, in all or for one user, or because
    /// there was no memory to decode them.
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
    fileprivate struct Entry {
        let connection: Connection
        /// Whether it takes a place that is reserved for administrators.
        let isReserved: Bool
    }

    fileprivate struct State {
        var open: [ConnectionID: Entry] = [:]
        var reserved = 0
        var perUser: [UInt32: Int] = [:]
        var callsPerUser: [UInt32: Int] = [:]
        var counters = ServerCounters()
        var limits: ServerLimits
    }

    /// Whether a connection was admitted, and which one must be closed for it.
    enum Admission {
        case refused
        case admitted(dismissing: Connection?)
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

    var all: [Connection] { state.withLock { state in state.open.values.map(\.connection) } }

    func count(_ counter: WritableKeyPath<ServerCounters, Int>) {
        state.withLock { $0.counters[keyPath: counter] += 1 }
    }

    /// Admits a connection.
    ///
    /// When all places are taken, an administrator gets a reserved one. Anybody gets that of the user with the most
    /// connections, if that user still has at least as many afterwards as the newcomer.
    func admit(_ connection: Connection, isAdministrator: Bool) -> Admission {
        state.withLock { state in
            let ofUser = state.perUser[connection.account, default: 0]
            guard ofUser < state.limits.connectionsPerUser else { return state.refuse() }
            var dismissed: Connection?
            var isReserved = false
            if state.open.count - state.reserved >= state.limits.connections {
                if isAdministrator, state.reserved < state.limits.reservedForAdministrators {
                    isReserved = true
                } else {
                    guard let victim = state.mostDispensable(forUserWith: ofUser) else {
                        return state.refuse()
                    }
                    isReserved = victim.isReserved
                    dismissed = victim.connection
                    state.remove(victim.connection)
                    state.counters.dismissedConnections += 1
                }
            }
            state.insert(Entry(connection: connection, isReserved: isReserved))
            return .admitted(dismissing: dismissed)
        }
    }

    func remove(_ connection: Connection) {
        state.withLock { $0.remove(connection) }
    }

    /// Admits a call; false if a limit has been reached.
    ///
    /// Every admitted call must be ended with ``end(_:)``.
    func begin(_ account: UInt32, isAdministrator: Bool) -> Bool {
        state.withLock { state in
            let ofUser = state.callsPerUser[account, default: 0] + 1
            let reserve = isAdministrator ? state.limits.reservedForAdministrators : 0
            let rest = state.limits.calls + reserve - state.counters.callsInFlight - 1
            // As in MessageMemory: a user has at most as much as remains free.
            guard rest >= 0, ofUser <= state.limits.callsPerUser, isAdministrator || ofUser <= max(1, rest)
            else {
                state.counters.refusedCalls += 1
                return false
            }
            state.counters.callsInFlight += 1
            state.callsPerUser[account] = ofUser
            return true
        }
    }

    /// Ends an admitted call.
    func end(_ account: UInt32) {
        state.withLock { state in
            state.counters.callsInFlight -= 1
            let rest = state.callsPerUser[account, default: 1] - 1
            state.callsPerUser[account] = rest > 0 ? rest : nil
        }
    }
}

extension ConnectionRegistry.State {
    fileprivate mutating func insert(_ entry: ConnectionRegistry.Entry) {
        open[entry.connection.id] = entry
        perUser[entry.connection.account, default: 0] += 1
        if entry.isReserved { reserved += 1 }
        counters.acceptedConnections += 1
    }

    fileprivate mutating func remove(_ connection: Connection) {
        guard let entry = open.removeValue(forKey: connection.id) else { return }
        if entry.isReserved { reserved -= 1 }
        let rest = perUser[connection.account, default: 1] - 1
        perUser[connection.account] = rest > 0 ? rest : nil
    }

    fileprivate mutating func refuse() -> ConnectionRegistry.Admission {
        counters.refusedConnections += 1
        return .refused
    }

    /// The most dispensable connection of the user with the most; nil if a newcomer with this many would then have
    /// more than that user.
    fileprivate func mostDispensable(forUserWith count: Int) -> ConnectionRegistry.Entry? {
        guard let (account, most) = perUser.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
            most > count + 1
        else { return nil }
        return open.values.lazy.filter { $0.connection.account == account }
            .map { (entry: $0, use: $0.connection.use) }.min { $0.use < $1.use }?.entry
    }
}
