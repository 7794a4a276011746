internal import NIOCore
internal import Synchronization

/// The messages of one connection that were read and not yet taken: at most a few, then reading stops.
///
/// The event loop fills it, one task empties it.
final class FrameQueue: Sendable {
    private struct State {
        var frames = CircularBuffer<Frame>()
        var waiter: CheckedContinuation<Frame?, Never>?
        var waitingSince = NIODeadline.now()
        var isFinished = false
        /// Whether the channel wanted to read more and was told to wait.
        var isReadHeld = false
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// Makes an empty queue that lets the channel read while it holds fewer than `capacity` messages.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether the channel may read on; if not, the next ``next(resumeReading:)`` says that it may again.
    func mayRead() -> Bool {
        state.withLock { state in
            if state.frames.count < capacity { return true }
            state.isReadHeld = true
            return false
        }
    }

    /// Since when somebody waits for a message; nil if nobody does.
    var waitingSince: NIODeadline? {
        state.withLock { $0.waiter == nil ? nil : $0.waitingSince }
    }

    func append(_ frame: Frame) {
        let waiter = state.withLock { state -> CheckedContinuation<Frame?, Never>? in
            guard let waiter = state.waiter else {
                if !state.isFinished { state.frames.append(frame) }
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: frame)
    }

    /// Says that nothing more will come; what is there can still be taken.
    func finish() {
        let waiter = state.withLock { state -> CheckedContinuation<Frame?, Never>? in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// The next message, or nil when nothing more will come; one task at a time.
    func next(resumeReading: () -> Void) async -> Frame? {
        await withCheckedContinuation { continuation in
            var resumes = false
            let result = state.withLock { state -> Frame?? in
                if !state.frames.isEmpty {
                    resumes = state.isReadHeld
                    state.isReadHeld = false
                    return .some(state.frames.removeFirst())
                }
                if state.isFinished { return .some(nil) }
                state.waiter = continuation
                state.waitingSince = .now()
                return nil
            }
            if resumes { resumeReading() }
            if let result { continuation.resume(returning: result) }
        }
    }
}
