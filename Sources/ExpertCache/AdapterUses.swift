internal import Synchronization

/// Which adapters' files are being read, and which are being evicted: never one and the other.
final class AdapterUses: Sendable {
    private struct State {
        var readers: [String: Int] = [:]
        var evicted: Set<String> = []
    }

    private let state = Mutex(State())

    /// Begins a use; false where the adapter is being evicted.
    func begin(_ id: String) -> Bool {
        state.withLock { state in
            guard !state.evicted.contains(id) else { return false }
            state.readers[id, default: 0] += 1
            return true
        }
    }

    /// Ends a use.
    func end(_ id: String) {
        state.withLock { state in
            let readers = (state.readers[id] ?? 1) - 1
            state.readers[id] = readers > 0 ? readers : nil
        }
    }

    /// Claims adapters for eviction.
    ///
    /// - Returns: those that nobody uses; the caller lets go of them with ``release(_:)``.
    func claim(_ ids: [String]) -> [String] {
        state.withLock { state in
            let free = ids.filter { state.readers[$0] == nil && !state.evicted.contains($0) }
            state.evicted.formUnion(free)
            return free
        }
    }

    /// Lets go of what was claimed.
    func release(_ ids: [String]) {
        state.withLock { $0.evicted.subtract(ids) }
    }
}
