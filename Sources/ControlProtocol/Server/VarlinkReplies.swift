internal import ErrorModel
internal import NIOCore
internal import Synchronization

/// Where the handler of one call sends its replies; one task at a time may use it.
///
/// Every call gets exactly one last reply: by ``finish(_:)``, or by the error that the handler throws. Calls that are
/// `oneway` are handled alike and nothing is sent.
public struct VarlinkReplies: Sendable {
    private let state: State

    /// Makes the way back of a call; `reserve` grants so many bytes until the last reference to the grant is gone.
    init(
        call: Message.Call, channel: FramedChannel, maximumLength: Int,
        reserve: @escaping @Sendable (Int) -> MessageMemory.Reservation?
    ) {
        state = State(call: call, channel: channel, maximumLength: maximumLength, reserve: reserve)
    }

    /// Sends a reply that others will follow; returns when the kernel has taken it, so a slow reader slows the handler.
    ///
    /// - Throws: `org.varlink.service.ExpectedMore` if the caller takes one reply only (let it pass: it is the right answer),
    ///   `Busy` if there is no memory left for what this user does not read (let that pass too), `CancellationError` if the caller is gone, an internal failure after the last reply or for a reply that cannot be
    ///   encoded or is too long.
    public func send<T: Encodable & Sendable>(_ reply: T) async throws {
        guard state.more || state.oneway else { throw VarlinkError.expectedMore }
        try state.check()
        try await state.write { try Message.reply(reply, continues: true) }
    }

    /// Sends the last reply.
    ///
    /// - Throws: `Busy` as above, `CancellationError` if the caller is gone, an internal failure after the last reply or for a reply that
    ///   cannot be encoded or is too long.
    public func finish<T: Encodable & Sendable>(_ reply: T) async throws {
        try state.check()
        try await state.write(ending: true) { try Message.reply(reply, continues: false) }
    }

    /// Sends the last reply of a method that returns nothing.
    public func finish() async throws {
        try await finish(Nothing())
    }

    /// Whether the last reply has been sent.
    var isFinished: Bool { state.isFinished.withLock { $0 } }

    /// Ends the call with an error.
    func fail(_ error: VarlinkError) async throws {
        try await state.write(ending: true) {
            try Message.error(error.name, ErrorParameters(error.parameters))
        }
    }
}

/// No parameters at all.
struct Nothing: Codable, Sendable {}

extension VarlinkReplies {
    private final class State: Sendable {
        let more: Bool
        let oneway: Bool
        let isFinished = Mutex(false)
        private let channel: FramedChannel
        private let maximumLength: Int
        private let reserve: @Sendable (Int) -> MessageMemory.Reservation?

        init(
            call: Message.Call, channel: FramedChannel, maximumLength: Int,
            reserve: @escaping @Sendable (Int) -> MessageMemory.Reservation?
        ) {
            more = call.more
            oneway = call.oneway
            self.channel = channel
            self.maximumLength = maximumLength
            self.reserve = reserve
        }

        private static var tooMuchUnread: SgloradError {
            SgloradError(
                .busy, "Too many replies wait to be read, yours or everybody's. Read them, then call again.",
                parameters: [
                    "retryAfter": .double(1), "reason": .string("too many replies wait to be read"),
                ])
        }

        func check() throws {
            guard isFinished.withLock({ $0 }) else { return }
            throw SgloradError.internal("a reply was sent after the last reply of a call")
        }

        /// Encodes and sends; the call counts as ended only when the last reply could be encoded, so that an error can
        /// still be sent in its place.
        func write(ending: Bool = false, _ encode: () throws -> ByteBuffer) async throws {
            let message: ByteBuffer
            do {
                message = try encode()
            } catch {
                throw SgloradError.internal("a reply could not be encoded", cause: error)
            }
            guard message.readableBytes <= maximumLength else {
                throw SgloradError.internal(
                    "a reply has \(message.readableBytes) bytes and the limit is \(maximumLength)")
            }
            var reservation: MessageMemory.Reservation?
            if !oneway, message.readableBytes > MessageMemory.free {
                reservation = reserve(message.readableBytes)
                guard reservation != nil else { throw Self.tooMuchUnread }
            }
            if ending { isFinished.withLock { $0 = true } }
            guard !oneway else { return }
            // Given back once the kernel has taken the message.
            defer { withExtendedLifetime(reservation) {} }
            do {
                try await channel.send(message)
            } catch {
                throw CancellationError()
            }
        }
    }
}
