internal import Synchronization

/// The memory budget of all messages of all connections, while they arrive, wait, are decoded and handled, or wait to
/// be read.
///
/// Small messages are not counted: the limits on connections and on waiting messages bound them.
///
/// A user may have at most their own limit, and at most as much as then remains free of the total (a dynamic
/// threshold: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998). However
/// many users take all they can get, some memory remains for one who comes later. A user who is alone may have one message
/// of the maximum length, with its reply, in any case.
final class MessageMemory: Sendable {
    /// Messages up to this size, in bytes, need no reservation.
    static let free = 8_192
    /// What a user may take, in relation to what remains free.
    private static let greed = 1
    /// How many times the maximum length of a message a user may take who is alone.
    private static let alone = 4

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

    /// The most that one user can have while nobody else has anything.
    var mostForOne: Int {
        state.withLock { state in
            min(
                state.limits.messageMemoryPerUser,
                max(
                    state.limits.messageMemory / (Self.greed + 1) * Self.greed,
                    min(state.limits.messageMemory, Self.alone * state.limits.messageLength)))
        }
    }

    /// Reserved memory, released with the last reference to it.
    final class Reservation: Sendable {
        private let memory: MessageMemory
        private let account: UInt32
        private let size = Mutex(0)

        fileprivate init(_ memory: MessageMemory, account: UInt32) {
            self.memory = memory
            self.account = account
        }

        deinit {
            memory.release(size.withLock { $0 }, of: account)
        }

        /// Grows the reservation to at least this many bytes; false if a limit would be exceeded.
        func grow(to wanted: Int) -> Bool {
            size.withLock { size in
                guard wanted > size else { return true }
                guard memory.reserve(wanted - size, for: account) else { return false }
                size = wanted
                return true
            }
        }

        /// Grows the reservation to this many bytes, or to the most that one user can have; false if a limit would
        /// be exceeded.
        func grow(toMost wanted: Int) -> Bool { grow(to: min(wanted, memory.mostForOne)) }

        /// Shrinks the reservation to at most this many bytes.
        func shrink(to wanted: Int) {
            size.withLock { size in
                guard wanted < size else { return }
                memory.release(size - wanted, of: account)
                size = wanted
            }
        }
    }

    /// An empty reservation for an account.
    func reservation(for account: UInt32) -> Reservation {
        Reservation(self, account: account)
    }

    private func reserve(_ bytes: Int, for account: UInt32) -> Bool {
        state.withLock { state in
            let ofUser = state.perUser[account, default: 0] + bytes
            let rest = state.limits.messageMemory - state.total - bytes
            let isAlone = ofUser == state.total + bytes
            let share = max(Self.greed * rest, isAlone ? Self.alone * state.limits.messageLength : 0)
            guard rest >= 0, ofUser <= min(share, state.limits.messageMemoryPerUser) else { return false }
            state.total += bytes
            state.perUser[account] = ofUser
            return true
        }
    }

    private func release(_ bytes: Int, of account: UInt32) {
        guard bytes > 0 else { return }
        state.withLock { state in
            state.total -= bytes
            let rest = state.perUser[account, default: bytes] - bytes
            state.perUser[account] = rest > 0 ? rest : nil
        }
    }
}
