internal import Synchronization

/// Admits tasks one at a time, in the order in which they enlisted.
final class Turnstile: Sendable {
    private struct State {
        var enlisted = 0
        var current = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// Takes the next place.
    ///
    /// `during` runs before another task can enlist.
    func enlist(during body: () -> Void) -> Int {
        state.withLock { state in
            body()
            defer { state.enlisted += 1 }
            return state.enlisted
        }
    }

    /// Waits until all earlier places have been left.
    ///
    /// Cancellation does not end the wait.
    func pass(_ place: Int) async {
        await withCheckedContinuation { continuation in
            let isNext = state.withLock { state in
                if state.current == place { return true }
                state.waiters[place] = continuation
                return false
            }
            if isNext { continuation.resume() }
        }
    }

    /// Leaves the place whose turn it is.
    func leave() {
        let next = state.withLock { state in
            state.current += 1
            return state.waiters.removeValue(forKey: state.current)
        }
        next?.resume()
    }
}
