internal import Glibc
public import NIOCore
internal import NIOPosix
internal import Synchronization

/// A connection to a varlink service on a Unix socket.
///
/// Any task may make calls; they are sent at once and answered in order. Varlink can only cancel a call by
/// closing the connection: a cancelled call, and a stream that is dropped before its end, close it, and all
/// other calls that wait on this client fail with ``ConnectionFailure``. The connection is also closed when
/// the client is released.
public final class VarlinkClient: Sendable {
    /// The path of the socket.
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

    /// Connects to a socket.
    ///
    /// While the service accepts no connections, it retries for about five seconds.
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
        // The kernel returns EAGAIN while the listening socket's backlog is full.
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
    /// - Throws: ``VarlinkError`` for an error reply, ``ConnectionFailure`` if the connection fails,
    ///   `CancellationError` (the connection is then closed), an encoding or decoding error if the types do
    ///   not match.
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

    /// Calls a method without parameters and waits for its one reply.
    public func call<Out: Decodable & Sendable>(_ method: String, returning: Out.Type) async throws -> Out {
        try await call(method, Nothing(), returning: returning)
    }

    /// Calls a method with `oneway`: there is no reply.
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

    /// Reads the next reply; only for the task that has passed the turnstile.
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
