internal import Synchronization

/// What the messages of all connections together may take of the memory: while they arrive, wait and are being answered.
///
/// Small messages are free: the bounds on connections, and on how many messages each may have waiting, bound them.
final class MessageMemory: Sendable {
    /// Memory up to this size need not be taken from what all share.
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

    /// What is taken now, in all.
    var taken: Int { state.withLock { $0.total } }

    /// A share of the memory that is given back when nothing refers to it any more.
    final class Reservation: Sendable {
        private let memory: MessageMemory
        private let uid: UInt32
        private let size = Mutex(0)

        fileprivate init(_ memory: MessageMemory, uid: UInt32) {
            self.memory = memory
            self.uid = uid
        }

        deinit {
            memory.giveBack(size.withLock { $0 }, of: uid)
        }

        /// Makes the share at least this large; false where there is not so much left.
        func grow(to wanted: Int) -> Bool {
            size.withLock { size in
                guard wanted > size else { return true }
                guard memory.take(wanted - size, for: uid) else { return false }
                size = wanted
                return true
            }
        }
    }

    /// An empty share of a user's.
    func reservation(for uid: UInt32) -> Reservation {
        Reservation(self, uid: uid)
    }

    private func take(_ bytes: Int, for uid: UInt32) -> Bool {
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

    private func giveBack(_ bytes: Int, of uid: UInt32) {
        guard bytes > 0 else { return }
        state.withLock { state in
            state.total -= bytes
            let rest = state.perUser[uid, default: bytes] - bytes
            state.perUser[uid] = rest > 0 ? rest : nil
        }
    }
}
