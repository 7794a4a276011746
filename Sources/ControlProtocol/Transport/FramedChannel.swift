internal import NIOCore

/// One side of a varlink connection: messages in, messages out, both with back-pressure.
struct FramedChannel: Sendable {
    let channel: any Channel
    private let queue: FrameQueue

    /// Adds the framing to a channel; call on its event loop before it becomes active.
    init(
        on channel: any Channel, limits: FrameLimits,
        violated: @escaping @Sendable (FrameHandler.Violation) -> Void
    ) throws {
        self.channel = channel
        queue = FrameQueue(capacity: 2)
        // A channel that fails before it is active never becomes inactive; the queue must end all the same.
        channel.closeFuture.whenComplete { [queue] _ in queue.finish() }
        try channel.pipeline.syncOperations.addHandler(
            FrameHandler(queue: queue, limits: limits, violated: violated))
    }

    /// The next message without its NUL, or nil when the other side will send no more.
    ///
    /// Cancellation closes the channel.
    func next() async -> Frame? {
        await withTaskCancellationHandler {
            await queue.next { channel.read() }
        } onCancel: {
            close()
        }
    }

    /// Sends one message and its NUL; returns when the kernel has taken them, so at most one message waits here.
    func send(_ message: ByteBuffer) async throws {
        try await channel.writeAndFlush(message).get()
    }

    /// Closes the channel; what was read before can still be taken.
    func close() {
        channel.close(promise: nil)
    }
}
