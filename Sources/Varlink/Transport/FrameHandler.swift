internal import NIOCore

/// The limits of one side of a connection.
struct FrameLimits: Sendable {
    /// The maximum length of a message in bytes.
    let length: Int
    /// The minimum length of a valid message in bytes.
    ///
    /// Everything after a shorter message is discarded, so that a few bytes cannot become many messages.
    var shortest = 0
    /// How long to wait for the next byte of a message that is half sent; nil for ever.
    var halfMessage: TimeAmount?
    /// How long to wait for the peer to read any part of a message; nil for ever.
    var unreadReply: TimeAmount?
    /// Makes a memory reservation for a larger message; nil if memory is not limited.
    var memory: (@Sendable () -> MessageMemory.Reservation)?
}

/// Splits a stream of bytes into messages at their NUL bytes and puts them into a ``FrameQueue``.
///
/// It remembers how far it has searched, so that a message takes time linear in its length however it is
/// fragmented. It closes the connection when a message exceeds the length limit or the memory limits, when
/// the peer leaves a message half sent for too long while this side waits for it, and when the peer does not
/// read what it is sent.
final class FrameHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Why the connection was closed.
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

    private var partial: ByteBuffer? {
        didSet { if (partial == nil) != (oldValue == nil) { queue.isMidMessage = partial != nil } }
    }
    private var reservation: MessageMemory.Reservation?
    private var searched = 0
    private var lastProgress = NIODeadline.now()
    private var timer: Scheduled<Void>?
    /// Whether an invalid message was received.
    ///
    /// The consumer closes the connection when it reaches it.
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
        var frames = 0
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
            frames += 1
            // Many short messages take more memory than their bytes.
            guard frames % 64 != 0 || reserve(buffer, frames: frames) else {
                return fail(.noMemory, context: context)
            }
            queue.append(Frame(bytes: bytes, reservation: reservation))
            guard length >= limits.shortest else {
                isOver = true
                return stop()
            }
        }
        searched = buffer.readableBytes
        guard searched <= limits.length else { return fail(.tooLong, context: context) }
        lastProgress = .now()
        if frames > 0 { reservation = nil }
        guard searched > 0 else { return }
        if frames > 0 {
            // The rest must not keep the buffer of the messages before it alive.
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
            // The peer will send no more, but may still wait for replies.
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

    /// Reserves the memory of a buffer and the messages in it; false if a limit would be exceeded.
    private func reserve(_ buffer: ByteBuffer, frames: Int = 0) -> Bool {
        let size = buffer.storageCapacity + frames * (MemoryLayout<Frame>.stride + 16)
        guard let memory = limits.memory, size > MessageMemory.free else { return true }
        let reservation = reservation ?? memory()
        self.reservation = reservation
        return reservation.grow(to: size)
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
        // The time in which this side handled earlier messages does not count.
        let rest =
            queue.waitingSince.map { patience - (NIODeadline.now() - max($0, lastProgress)) } ?? patience
        if rest <= .zero {
            fail(.idle, context: context)
        } else {
            scheduleTimer(context: context, after: rest)
        }
    }
}
