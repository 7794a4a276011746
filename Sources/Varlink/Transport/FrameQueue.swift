internal import NIOCore
internal import Synchronization

/// One message without its NUL, and its memory reservation, which is released with its last copy.
struct Frame: Sendable {
    let bytes: ByteBuffer
    let reservation: MessageMemory.Reservation?
}

/// The messages of one connection that were received but not yet consumed.
///
/// When it is full, reading stops (backpressure).
///
/// The event loop fills it; one task consumes it.
final class FrameQueue: Sendable {
    private struct State {
        var frames = CircularBuffer<Frame>()
        var waiter: CheckedContinuation<Frame?, Never>?
        var waitingSince = NIODeadline.now()
        var isFinished = false
        /// Whether the channel asked to read and was told to wait.
        var isReadHeld = false
        /// Whether part of a message has arrived.
        var isMidMessage = false
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// Creates an empty queue.
    ///
    /// The channel may read while it holds fewer than `capacity` messages.
    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether the channel may read.
    ///
    /// If not, a later ``next(resumeReading:)`` resumes reading.
    func mayRead() -> Bool {
        state.withLock { state in
            if state.frames.count < capacity { return true }
            state.isReadHeld = true
            return false
        }
    }

    /// When the consumer began to wait for a message; nil if it does not wait.
    var waitingSince: NIODeadline? {
        state.withLock { $0.waiter == nil ? nil : $0.waitingSince }
    }

    /// Whether part of a message has arrived that is not in the queue yet.
    var isMidMessage: Bool {
        get { state.withLock { $0.isMidMessage } }
        set { state.withLock { $0.isMidMessage = newValue } }
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

    /// Ends the queue; the messages it holds can still be consumed.
    func finish() {
        let waiter = state.withLock { state -> CheckedContinuation<Frame?, Never>? in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// The next message, or nil after the last one.
    ///
    /// Only one task at a time may wait.
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
