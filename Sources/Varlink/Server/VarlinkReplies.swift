internal import ErrorModel
internal import NIOCore
internal import Synchronization

/// Sends the replies of one call.
///
/// Only one task at a time may use it.
///
/// Every call gets exactly one last reply: through ``finish(_:)``, or as the error that the handler throws.
/// For `oneway` calls nothing is sent.
public struct VarlinkReplies: Sendable {
    private let state: State

    /// - Parameters:
    ///   - account: whose turn it takes to encode a large reply.
    ///   - reserve: reserves this many bytes until the last reference to the reservation is gone; nil if it cannot.
    init(
        call: Message.Call, channel: FramedChannel, account: UInt32, maximumLength: Int,
        reserve: @escaping @Sendable (Int) -> MessageMemory.Reservation?
    ) {
        state = State(
            call: call, channel: channel, account: account, maximumLength: maximumLength, reserve: reserve)
    }

    /// Sends a reply that others will follow.
    ///
    /// It returns once the kernel has accepted the bytes, so that a slow reader slows the handler
    /// (backpressure).
    ///
    /// - Throws: `org.varlink.service.ExpectedMore` if the caller accepts only one reply, `Busy` if this
    ///   user's unread replies have used up the memory (do not catch either: they are the right answer to the
    ///   call), `CancellationError` if the caller has disconnected, an internal failure after the last reply
    ///   or if the reply cannot be encoded or is too long.
    public func send<T: Encodable & Sendable>(_ reply: T) async throws {
        guard state.more || state.oneway else { throw VarlinkError.expectedMore }
        try state.check()
        try await state.write(isSlow: reply is any SlowlyEncoded) {
            try Message.reply(reply, continues: true)
        }
    }

    /// Sends the last reply.
    ///
    /// - Throws: the same as ``send(_:)`` apart from `ExpectedMore`.
    public func finish<T: Encodable & Sendable>(_ reply: T) async throws {
        try state.check()
        try await state.write(ending: true, isSlow: reply is any SlowlyEncoded) {
            try Message.reply(reply, continues: false)
        }
    }

    /// Sends an empty last reply.
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

/// Empty parameters.
struct Nothing: Codable, Sendable {}

extension VarlinkReplies {
    private final class State: Sendable {
        let more: Bool
        let oneway: Bool
        let isFinished = Mutex(false)
        private let channel: FramedChannel
        private let account: UInt32
        private let maximumLength: Int
        private let reserve: @Sendable (Int) -> MessageMemory.Reservation?

        init(
            call: Message.Call, channel: FramedChannel, account: UInt32, maximumLength: Int,
            reserve: @escaping @Sendable (Int) -> MessageMemory.Reservation?
        ) {
            more = call.more
            oneway = call.oneway
            self.channel = channel
            self.account = account
            self.maximumLength = maximumLength
            self.reserve = reserve
        }

        private static var tooMuchUnread: SgloradError {
            SgloradError(
                .busy,
                "Too many replies are waiting to be read, by you or by all clients. Read them, then call again.",
                parameters: [
                    "retryAfter": .double(1), "reason": .string("too many unread replies"),
                ])
        }

        func check() throws {
            guard isFinished.withLock({ $0 }) else { return }
            throw SgloradError.internal("a reply was sent after the last reply of the call")
        }

        /// Encodes and sends a reply.
        ///
        /// A last reply ends the call only once it has been encoded, so that an error can still be sent in
        /// its place.
        func write(
            ending: Bool = false, isSlow: Bool = false, _ encode: @escaping @Sendable () throws -> ByteBuffer
        ) async throws {
            let message: ByteBuffer
            do {
                message = try await isSlow ? SlowLane.run(for: account, encode) : encode()
            } catch let error as CancellationError {
                throw error
            } catch {
                throw SgloradError.internal("a reply could not be encoded", cause: error)
            }
            guard message.readableBytes <= maximumLength else {
                throw SgloradError.internal(
                    "a reply has \(message.readableBytes) bytes; the limit is \(maximumLength)")
            }
            var reservation: MessageMemory.Reservation?
            if !oneway, message.readableBytes > MessageMemory.free {
                reservation = reserve(message.readableBytes)
                guard reservation != nil else { throw Self.tooMuchUnread }
            }
            if ending { isFinished.withLock { $0 = true } }
            guard !oneway else { return }
            // Released once the kernel has accepted the message.
            defer { withExtendedLifetime(reservation) {} }
            do {
                try await channel.send(message)
            } catch {
                throw CancellationError()
            }
        }
    }
}
