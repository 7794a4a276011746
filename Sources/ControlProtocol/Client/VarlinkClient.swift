internal import Glibc
public import NIOCore
internal import NIOPosix
internal import Synchronization

/// A connection to a varlink service on a Unix socket.
///
/// Calls may be made from many tasks; they are sent at once and answered in order. Varlink has no way to call off a call but
/// closing the connection: a cancelled call and a stream that is left before its end close it, and whatever else waits on
/// this client then fails with `ConnectionFailure`. The connection is closed when the client is released, too.
public final class VarlinkClient: Sendable {
    /// The socket.
    public let path: String

    let framed: FramedChannel
    let turnstile = Turnstile()
    private let isMalformed: Flag

    /// Set once, from any thread.
    final class Flag: Sendable {
        let value = Atomic<Bool>(false)
    }

    private init(path: String, framed: FramedChannel, isMalformed: Flag) {
        self.path = path
        self.framed = framed
        self.isMalformed = isMalformed
    }

    deinit {
        framed.close()
    }

    /// Connects.
    ///
    /// - Throws: `ConnectionFailure`, which says how to start the daemon.
    public static func connect(
        path: String, eventLoopGroup: any EventLoopGroup = VarlinkServer.defaultEventLoopGroup
    ) async throws(ConnectionFailure) -> VarlinkClient {
        let descriptor = try await connectedSocket(path)
        let isMalformed = Flag()
        let slot = Mutex<FramedChannel?>(nil)
        do {
            _ = try await ClientBootstrap(group: eventLoopGroup)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let framed = try FramedChannel(
                            on: channel, limits: FrameLimits(length: ServerLimits().messageLength)
                        ) { _ in isMalformed.value.store(true, ordering: .relaxed) }
                        slot.withLock { $0 = framed }
                    }
                }
                .withConnectedSocket(descriptor).get()
        } catch {
            throw ConnectionFailure(path: path, reason: .other("\(error)"))
        }
        guard let framed = slot.withLock({ $0 }) else {
            throw ConnectionFailure(path: path, reason: .other("the channel was not set up"))
        }
        return VarlinkClient(path: path, framed: framed, isMalformed: isMalformed)
    }

    /// Closes the connection; pending calls fail.
    public func close() async {
        framed.close()
        try? await framed.channel.closeFuture.get()
    }

    private static func connectedSocket(_ path: String) async throws(ConnectionFailure) -> Int32 {
        func failure(_ reason: ConnectionFailure.Reason) -> ConnectionFailure {
            ConnectionFailure(path: path, reason: reason)
        }
        guard let address = UnixAddress(path: path) else { throw failure(.invalidPath) }
        let descriptor: Int32
        switch UnixAddress.makeSocket() {
        case .success(let made): descriptor = made
        case .failure(let error): throw failure(.other("\(error)"))
        }
        var number: Int32 = 0
        // The kernel answers EAGAIN while the service's queue of new connections is full.
        for attempt in 0..<100 {
            if address.withSocketAddress({ Glibc.connect(descriptor, $0, $1) }) == 0 { return descriptor }
            number = errno
            guard number == EAGAIN || number == EINTR else { break }
            do {
                try await Task.sleep(for: .milliseconds(min(5 + attempt, 50)))
            } catch {
                break
            }
        }
        Glibc.close(descriptor)
        switch number {
        case ENOENT, ENOTDIR: throw failure(.noSocket)
        case ECONNREFUSED: throw failure(.notListening)
        case EACCES, EPERM: throw failure(.notAllowed)
        case EAGAIN, EINTR: throw failure(.overloaded)
        default: throw failure(.other("\(SystemError(number))"))
        }
    }
}

extension VarlinkClient {
    /// Calls a method and waits for its one reply.
    ///
    /// - Throws: ``VarlinkError`` for an error reply, ``ConnectionFailure`` if the service goes away, `CancellationError`
    ///   (and the connection is closed), an encoding or decoding error if the types do not fit.
    public func call<In: Encodable & Sendable, Out: Decodable & Sendable>(
        _ method: String, _ parameters: In, returning: Out.Type
    ) async throws -> Out {
        try Task.checkCancellation()
        let place = enlist(try Message.call(method, parameters))
        defer { turnstile.leave() }
        return try await withTaskCancellationHandler {
            await turnstile.pass(place)
            let reply = try await receive(returning)
            guard !reply.continues else { throw malformed() }
            return reply.parameters
        } onCancel: {
            framed.close()
        }
    }

    /// Calls a method with no parameters and waits for its one reply.
    public func call<Out: Decodable & Sendable>(_ method: String, returning: Out.Type) async throws -> Out {
        try await call(method, Nothing(), returning: returning)
    }

    /// Calls a method without waiting for anything: no reply will come (`oneway`).
    public func callOneway<In: Encodable & Sendable>(_ method: String, _ parameters: In) async throws {
        do {
            try await framed.send(try Message.call(method, parameters, oneway: true))
        } catch let error as EncodingError {
            throw error
        } catch {
            throw failure()
        }
    }

    func enlist(_ message: ByteBuffer) -> Int {
        turnstile.enlist { framed.channel.writeAndFlush(message, promise: nil) }
    }

    /// Takes the next reply; only for who has passed the turnstile.
    func receive<Out: Decodable>(_ type: Out.Type) async throws -> (parameters: Out, continues: Bool) {
        guard let frame = await framed.next() else {
            if Task.isCancelled { throw CancellationError() }
            throw failure()
        }
        guard let reply = Message.reply(frame.bytes) else { throw malformed() }
        if let name = reply.error {
            let parameters = try Message.decode(ErrorParameters.self, from: reply.parameters)
            throw VarlinkError(name, parameters: parameters.values)
        }
        return (try Message.decode(type, from: reply.parameters), reply.continues)
    }

    private func malformed() -> ConnectionFailure {
        isMalformed.value.store(true, ordering: .relaxed)
        framed.close()
        return failure()
    }

    private func failure() -> ConnectionFailure {
        ConnectionFailure(
            path: path, reason: isMalformed.value.load(ordering: .relaxed) ? .malformedReply : .closed)
    }
}
