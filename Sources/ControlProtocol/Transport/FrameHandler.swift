internal import NIOCore

/// Cuts a stream of bytes into messages at their NUL bytes and puts them into a ``FrameQueue``.
///
/// It remembers how far it has searched, so a message costs time linear in its length however it arrives. It closes the
/// connection when a message grows beyond the limit, and when the other side leaves a message half sent for too long
/// while this side waits for it.
final class FrameHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Why a connection was cut.
    enum Violation: Sendable {
        case tooLong
        case idle
    }

    private let queue: FrameQueue
    private let maximumLength: Int
    private let idleTime: TimeAmount
    private let violated: @Sendable (Violation) -> Void

    private var partial: ByteBuffer?
    private var searched = 0
    private var lastProgress = NIODeadline.now()
    private var timer: Scheduled<Void>?

    init(
        queue: FrameQueue, maximumLength: Int, idleTime: TimeAmount,
        violated: @escaping @Sendable (Violation) -> Void
    ) {
        self.queue = queue
        self.maximumLength = maximumLength
        self.idleTime = idleTime
        self.violated = violated
    }

    func read(context: ChannelHandlerContext) {
        if queue.mayRead() { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if var partial {
            self.partial = nil
            partial.writeBuffer(&buffer)
            buffer = partial
        }
        while true {
            let found = buffer.withUnsafeReadableBytes { bytes in
                bytes[min(searched, bytes.count)...].firstIndex(of: 0)
            }
            guard let length = found else { break }
            searched = 0
            guard length <= maximumLength, let frame = buffer.readSlice(length: length) else {
                return fail(.tooLong, context: context)
            }
            buffer.moveReaderIndex(forwardBy: 1)
            queue.append(frame)
        }
        searched = buffer.readableBytes
        guard searched <= maximumLength else { return fail(.tooLong, context: context) }
        lastProgress = .now()
        guard searched > 0 else { return }
        partial = buffer
        if timer == nil { scheduleTimer(context: context, after: idleTime) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            // The other side has said all it will say, but may still wait for its replies.
            stop()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        partial = nil
        queue.finish()
    }

    private func fail(_ violation: Violation, context: ChannelHandlerContext) {
        violated(violation)
        stop()
        context.close(promise: nil)
    }

    private func scheduleTimer(context: ChannelHandlerContext, after delay: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            self?.timerFired(context: context)
        }
    }

    private func timerFired(context: ChannelHandlerContext) {
        timer = nil
        guard partial != nil else { return }
        // Time in which this side was busy with the messages before it does not count against the other.
        let rest =
            queue.waitingSince.map { idleTime - (NIODeadline.now() - max($0, lastProgress)) } ?? idleTime
        if rest <= .zero {
            fail(.idle, context: context)
        } else {
            scheduleTimer(context: context, after: rest)
        }
    }
}
