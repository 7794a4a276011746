internal import NIOCore

/// Cuts a stream of bytes into messages at their NUL bytes and puts them into a ``FrameQueue``.
///
/// It remembers how far it has searched, so a message costs time linear in its length however it arrives. It closes the
/// connection when a message grows beyond the limit or beyond the memory that is left for it, when the other side leaves a
/// message half sent for too long while this side waits for it, and when the other side does not take what it is sent.
final class FrameHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Why a connection was cut.
    enum Violation: Sendable {
        case tooLong
        case idle
        case unread
        case noMemory
    }

    private let queue: FrameQueue
    private let limits: FrameLimits
    private let violated: @Sendable (Violation) -> Void
    private let writes: WriteWatch

    private var partial: ByteBuffer?
    private var reservation: MessageMemory.Reservation?
    private var searched = 0
    private var lastProgress = NIODeadline.now()
    private var timer: Scheduled<Void>?
    /// Whether something came that can be no message: whoever takes the messages closes the connection when it is at that.
    private var isOver = false

    init(queue: FrameQueue, limits: FrameLimits, violated: @escaping @Sendable (Violation) -> Void) {
        self.queue = queue
        self.limits = limits
        self.violated = violated
        writes = WriteWatch(patience: limits.unreadReply)
    }

    func read(context: ChannelHandlerContext) {
        if !isOver, queue.mayRead() { context.read() }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let promise = promise ?? context.eventLoop.makePromise()
        writes.begin(promise.futureResult, on: context.channel) { [weak self] in
            self?.fail(.unread, context: context)
        }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        var buffer = unwrapInboundIn(data)
        if var partial {
            self.partial = nil
            partial.writeBuffer(&buffer)
            buffer = partial
        }
        guard reserve(buffer) else { return fail(.noMemory, context: context) }
        var isDivided = false
        while true {
            let found = buffer.withUnsafeReadableBytes { bytes in
                bytes[min(searched, bytes.count)...].firstIndex(of: 0)
            }
            guard let length = found else { break }
            searched = 0
            guard length <= limits.length, let bytes = buffer.readSlice(length: length) else {
                return fail(.tooLong, context: context)
            }
            buffer.moveReaderIndex(forwardBy: 1)
            queue.append(Frame(bytes: bytes, reservation: reservation))
            isDivided = true
            guard length >= limits.shortest else {
                isOver = true
                return stop()
            }
        }
        searched = buffer.readableBytes
        guard searched <= limits.length else { return fail(.tooLong, context: context) }
        lastProgress = .now()
        if isDivided { reservation = nil }
        guard searched > 0 else { return }
        if isDivided {
            // The rest must not keep alive what the messages before it lay in.
            buffer = ByteBuffer(bytes: buffer.readableBytesView)
            guard reserve(buffer) else { return fail(.noMemory, context: context) }
        }
        partial = buffer
        if timer == nil, let patience = limits.halfMessage {
            scheduleTimer(context: context, after: patience)
        }
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
        writes.stop()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Takes the memory that a buffer stands on; false where there is not so much left.
    private func reserve(_ buffer: ByteBuffer) -> Bool {
        guard let memory = limits.memory, buffer.storageCapacity > MessageMemory.free else { return true }
        let reservation = reservation ?? memory()
        self.reservation = reservation
        return reservation.grow(to: buffer.storageCapacity)
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        partial = nil
        reservation = nil
        queue.finish()
    }

    private func fail(_ violation: Violation, context: ChannelHandlerContext) {
        violated(violation)
        stop()
        writes.stop()
        context.close(promise: nil)
    }

    private func scheduleTimer(context: ChannelHandlerContext, after delay: TimeAmount) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in
            self?.timerFired(context: context)
        }
    }

    private func timerFired(context: ChannelHandlerContext) {
        timer = nil
        guard partial != nil, let patience = limits.halfMessage else { return }
        // Time in which this side was busy with the messages before it does not count against the other.
        let rest =
            queue.waitingSince.map { patience - (NIODeadline.now() - max($0, lastProgress)) } ?? patience
        if rest <= .zero {
            fail(.idle, context: context)
        } else {
            scheduleTimer(context: context, after: rest)
        }
    }
}
