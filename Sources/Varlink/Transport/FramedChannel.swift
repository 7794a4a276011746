internal import NIOCore

/// One side of a varlink connection: receives and sends messages, both with backpressure.
struct FramedChannel: Sendable {
    let channel: any Channel
    private let queue: FrameQueue

    /// Adds framing to a channel.
    ///
    /// Call it on the channel's event loop before the channel becomes active.
    init(
        on channel: any Channel, limits: FrameLimits,
        violated: @escaping @Sendable (FrameHandler.Violation) -> Void
    ) throws {
        self.channel = channel
        queue = FrameQueue(capacity: 2)
        // A channel that fails before it is active never becomes inactive, but the queue must end.
        channel.closeFuture.whenComplete { [queue] _ in queue.finish() }
        try channel.pipeline.syncOperations.addHandler(
            FrameHandler(queue: queue, limits: limits, violated: violated))
    }

    /// The next message without its NUL, or nil after the last one.
    ///
    /// Cancellation closes the channel.
    func next() async -> Frame? {
        await withTaskCancellationHandler {
            await queue.next { channel.read() }
        } onCancel: {
            close()
        }
    }

    /// Sends one message that ends with a NUL; returns once the kernel has accepted it, so that at most one
    /// message waits here.
    func send(_ message: ByteBuffer) async throws {
        try await channel.writeAndFlush(message).get()
    }

    /// Since when the consumer has waited for a message, nil if it does not wait, and whether part of one has arrived.
    var waiting: (since: NIODeadline?, isMidMessage: Bool) { (queue.waitingSince, queue.isMidMessage) }

    /// Closes the channel; messages that were received can still be consumed.
    func close() {
        channel.close(promise: nil)
    }
}
