internal import ErrorModel
internal import NIOCore
internal import Synchronization

/// Where the handler of one call sends its replies; one task at a time may use it.
///
/// Every call gets exactly one last reply: by ``finish(_:)``, or by the error that the handler throws. Calls that are
/// `oneway` are handled alike and nothing is sent.
public struct VarlinkReplies: Sendable {
    private let state: State

    init(call: Message.Call, channel: FramedChannel, maximumLength: Int) {
        state = State(call: call, channel: channel, maximumLength: maximumLength)
    }

    /// Sends a reply that others will follow; returns when the kernel has taken it, so a slow reader slows the handler.
    ///
    /// - Throws: `org.varlink.service.ExpectedMore` if the caller takes one reply only (let it pass: it is the right answer),
    ///   `CancellationError` if the caller is gone, an internal failure after the last reply or for a reply that cannot be
    ///   encoded or is too long.
    public func send<T: Encodable & Sendable>(_ reply: T) async throws {
        guard state.more || state.oneway else { throw VarlinkError.expectedMore }
        try state.check()
        try await state.write { try Message.reply(reply, continues: true) }
    }

    /// Sends the last reply.
    ///
    /// - Throws: `CancellationError` if the caller is gone, an internal failure after the last reply or for a reply that
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

        init(call: Message.Call, channel: FramedChannel, maximumLength: Int) {
            more = call.more
            oneway = call.oneway
            self.channel = channel
            self.maximumLength = maximumLength
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
            if ending { isFinished.withLock { $0 = true } }
            guard !oneway else { return }
            do {
                try await channel.send(message)
            } catch {
                throw CancellationError()
            }
        }
    }
}
