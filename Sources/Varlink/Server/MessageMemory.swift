internal import Synchronization

/// The memory budget of all messages of all connections, while they arrive, wait, are handled or wait to be
/// read.
///
/// Small messages are not counted: the limits on connections and on waiting messages bound them.
final class MessageMemory: Sendable {
    /// Messages up to this size, in bytes, need no reservation.
    static let free = 8_192

    private struct State {
        var limits: ServerLimits
        var total = 0
        var perUser: [UInt32: Int] = [:]
    }

    private let state: Mutex<State>

    init(limits: ServerLimits) {
        state = Mutex(State(limits: limits))
    }

    func update(_ limits: ServerLimits) {
        state.withLock { $0.limits = limits }
    }

    /// How many bytes are reserved in all.
    var taken: Int { state.withLock { $0.total } }

    /// Reserved memory, released with the last reference to it.
    final class Reservation: Sendable {
        private let memory: MessageMemory
        private let uid: UInt32
        private let size = Mutex(0)

        fileprivate init(_ memory: MessageMemory, uid: UInt32) {
            self.memory = memory
            self.uid = uid
        }

        deinit {
            memory.release(size.withLock { $0 }, of: uid)
        }

        /// Grows the reservation to at least this many bytes; false if a limit would be exceeded.
        func grow(to wanted: Int) -> Bool {
            size.withLock { size in
                guard wanted > size else { return true }
                guard memory.reserve(wanted - size, for: uid) else { return false }
                size = wanted
                return true
            }
        }
    }

    /// An empty reservation for a user.
    func reservation(for uid: UInt32) -> Reservation {
        Reservation(self, uid: uid)
    }

    private func reserve(_ bytes: Int, for uid: UInt32) -> Bool {
        state.withLock { state in
            let ofUser = state.perUser[uid, default: 0]
            guard bytes <= state.limits.messageMemory - state.total,
                bytes <= state.limits.messageMemoryPerUser - ofUser
            else { return false }
            state.total += bytes
            state.perUser[uid] = ofUser + bytes
            return true
        }
    }

    private func release(_ bytes: Int, of uid: UInt32) {
        guard bytes > 0 else { return }
        state.withLock { state in
            state.total -= bytes
            let rest = state.perUser[uid, default: bytes] - bytes
            state.perUser[uid] = rest > 0 ? rest : nil
        }
    }
}
