public import ErrorModel
public import NIOCore
internal import NIOPosix
internal import Synchronization

/// A varlink service on a Unix socket.
///
/// Calls on one connection are handled strictly in order, each in a task of its own that is cancelled when
/// its caller disconnects. Nothing is buffered without a limit: pipelined calls wait in the caller's socket,
/// and a reply waits until the kernel has accepted the one before it. The server implements
/// `org.varlink.service` itself.
public final class VarlinkServer: Sendable {
    private enum Phase {
        case idle
        case bound(any Channel, ListeningSocket?)
        case stopped
    }

    private let address: ListenAddress
    private let interfaces: [String: any VarlinkInterface]
    private let failed: @Sendable (_ method: String, _ error: any Error) -> Void
    private let group: any EventLoopGroup
    private let registry: ConnectionRegistry
    private let peers: PeerRules
    /// What a peer is told whose idle connection is closed to make room for another user's.
    private let farewell: ByteBuffer?
    private let phase = Mutex(Phase.idle)
    private let accepted: AsyncStream<Connection>
    private let acceptedContinuation: AsyncStream<Connection>.Continuation

    /// Creates a server that does not listen yet.
    ///
    /// - Parameters:
    ///   - address: where it listens.
    ///   - information: what `org.varlink.service.GetInfo` replies.
    ///   - interfaces: the interfaces besides `org.varlink.service`. If two have the same name, the last one
    ///     is used.
    ///   - eventLoopGroup: runs its connections; the caller keeps it alive.
    ///   - limits: what peers may use of the server's resources.
    ///   - peers: which users are one account, and who is an administrator.
    ///   - failed: told of each call that failed by the server's own fault, for a log.
    public init(
        address: ListenAddress, information: ServiceInformation, interfaces: [any VarlinkInterface],
        limits: ServerLimits = ServerLimits(), peers: PeerRules = PeerRules(),
        eventLoopGroup: any EventLoopGroup = VarlinkServer.defaultEventLoopGroup,
        failed: @escaping @Sendable (_ method: String, _ error: any Error) -> Void
    ) {
        self.address = address
        self.failed = failed
        group = eventLoopGroup
        self.peers = peers
        registry = ConnectionRegistry(limits: limits)
        farewell = interfaces.first.flatMap { interface in
            let error = VarlinkError(Self.crowdedOut, interface: interface.name)
            return try? Message.error(error.name, ErrorParameters(error.parameters))
        }
        let service: any VarlinkInterface = ServiceInterface(information, interfaces: interfaces)
        self.interfaces = Dictionary((interfaces + [service]).map { ($0.name, $0) }) { _, last in last }
        (accepted, acceptedContinuation) = AsyncStream.makeStream()
    }

    /// The event loops of the process; they are never shut down.
    public static var defaultEventLoopGroup: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    public var counters: ServerCounters { registry.counters }

    /// What peers may use of the server's resources.
    public var limits: ServerLimits { registry.limits }

    /// Changes the limits for new connections and messages.
    public func update(_ limits: ServerLimits) {
        registry.update(limits)
    }

    /// Creates the socket and listens.
    ///
    /// Clients can connect from now on, and get replies once ``run()`` runs.
    ///
    /// - Throws: `AlreadyExists` if another process listens on the path, `InvalidRequest` for an invalid
    ///   path, `StorageFailure` if a system call fails, an internal failure if it is called twice.
    public func bind() async throws(SgloradError) {
        guard phase.withLock({ if case .idle = $0 { true } else { false } }) else {
            throw .internal("bind() was called twice on a server")
        }
        var socket: ListeningSocket?
        let descriptor: Int32
        switch address {
        case .descriptor(let given): descriptor = given
        case .path(let path, let mode, let group):
            let made = try ListeningSocket(path: path, mode: mode, group: group)
            descriptor = made.descriptor
            socket = made
        }
        do {
            let channel = try await ServerBootstrap(group: group)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { [weak self] channel in
                    guard let self else { return channel.close() }
                    return accept(channel)
                }
                .withBoundSocket(descriptor).get()
            channel.closeFuture.whenComplete { [acceptedContinuation] _ in acceptedContinuation.finish() }
            phase.withLock { $0 = .bound(channel, socket) }
        } catch {
            socket?.unlinkFile()
            throw .internal("the listening socket cannot be served", cause: error)
        }
    }

    /// Serves until the task is cancelled or ``shutdown()`` is called.
    ///
    /// Then it stops accepting connections, removes its own socket file, closes idle connections, drains
    /// calls in flight for as long as the limit `drain` allows, and cancels the rest. It returns when every
    /// handler has returned.
    ///
    /// - Throws: an internal failure if the server is not bound, or if its listening socket was lost.
    public func run() async throws(SgloradError) {
        guard phase.withLock({ if case .idle = $0 { false } else { true } }) else {
            throw .internal("run() was called on a server before bind()")
        }
        // Cancellation becomes a shutdown and must not reach this task, which drains the calls in flight.
        let serving = Task { await self.serve() }
        await withTaskCancellationHandler {
            await serving.value
        } onCancel: {
            shutdown()
        }
        guard phase.withLock({ if case .stopped = $0 { true } else { false } }) else {
            shutdown()
            throw .internal("the listening socket was closed unexpectedly")
        }
    }

    /// Begins to shut down; ``run()`` returns when that is complete.
    ///
    /// Further calls do nothing.
    public func shutdown() {
        let bound = phase.withLock { phase -> (any Channel, ListeningSocket?)? in
            guard case .bound(let channel, let socket) = phase else { return nil }
            phase = .stopped
            return (channel, socket)
        }
        guard let (channel, socket) = bound else { return }
        socket?.unlinkFile()
        channel.close(promise: nil)
    }
}

extension VarlinkServer {
    /// Sets up an accepted connection, on its event loop.
    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        PeerCredentials.peer(of: channel).flatMap { peer in
            do {
                let limits = self.limits
                let account = self.peers.account(peer.uid)
                let framed = try FramedChannel(
                    on: channel,
                    limits: FrameLimits(
                        length: limits.messageLength, shortest: Message.shortestCall,
                        halfMessage: TimeAmount(limits.halfMessage),
                        unreadReply: TimeAmount(limits.unreadReply),
                        memory: { [registry = self.registry] in registry.memory.reservation(for: account) })
                ) { [registry = self.registry] violation in
                    registry.count(violation.counter)
                }
                let connection = Connection(peer: peer, account: account, framed: framed)
                switch self.registry.admit(
                    connection, isAdministrator: self.peers.isAdministrator(peer))
                {
                case .refused: return channel.close()
                case .admitted(let dismissed): dismissed?.dismiss(self.farewell)
                }
                channel.closeFuture.whenComplete { _ in connection.abandon() }
                if case .terminated = self.acceptedContinuation.yield(connection) {
                    self.registry.remove(connection)
                    return channel.close()
                }
                return channel.eventLoop.makeSucceededVoidFuture()
            } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            for await connection in accepted {
                group.addTask { await self.serve(connection) }
            }
            for connection in registry.all { connection.drain() }
            let drain = limits.drain
            group.addTask { [registry] in
                let isDrained = { registry.all.isEmpty }
                let end = ContinuousClock.now + drain
                while !isDrained(), ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(5)) }
                for connection in registry.all { connection.cut() }
            }
        }
    }

    private func serve(_ connection: Connection) async {
        await connection.serve {
            registry.count(\.malformedMessages)
        } handle: { incoming in
            await self.handle(incoming, on: connection)
        }
        for interface in interfaces.values { await interface.connectionClosed(connection.id) }
        registry.remove(connection)
    }

    private func handle(_ incoming: Connection.Incoming, on connection: Connection) async {
        registry.count(\.calls)
        let (account, limits) = (connection.account, limits)
        let replies = VarlinkReplies(
            call: incoming.call, channel: connection.framed, account: account,
            maximumLength: limits.messageLength
        ) { [registry] size in
            let reservation = registry.memory.reservation(for: account)
            if reservation.grow(to: size) { return reservation }
            registry.count(\.crowdedReplies)
            return nil
        }
        let call = VarlinkCall(incoming, peer: connection.peer, connection: connection.id)
        let interfaceName = call.interfaceName
        do {
            guard let interface = interfaces[interfaceName] else {
                throw VarlinkError.interfaceNotFound(interfaceName)
            }
            guard !incoming.call.upgrade else { throw VarlinkError.methodNotImplemented(call.method) }
            guard incoming.call.elements <= limits.messageElements else {
                throw Self.tooManyElements(incoming.call.elements, limit: limits.messageElements)
            }
            let isCounted = !(interface is ServiceInterface)
            if isCounted,
                !registry.begin(account, isAdministrator: peers.isAdministrator(connection.peer))
            {
                throw Self.tooManyCalls
            }
            defer { if isCounted { registry.end(account) } }
            try await interface.handle(call, replies: replies)
            guard !replies.isFinished else { return }
            throw SgloradError.internal("\(call.method) ended without a reply")
        } catch {
            await fail(
                connection.isDismissed ? Self.crowdedOut : error, call: call, replies: replies,
                connection: connection)
        }
    }

    private static func tooManyElements(_ count: Int, limit: Int) -> SgloradError {
        .invalidRequest(
            field: "parameters",
            reason:
                "have \(count) JSON elements (values, keys, and ends of lists and objects); at most \(limit) are "
                + "accepted. Send fewer at a time")
    }

    private static var crowdedOut: SgloradError {
        SgloradError(
            .busy,
            "The connection was closed because all are taken and you have the most. Use fewer, and connect again. "
                + "A request that was acknowledged is kept.",
            parameters: ["retryAfter": .double(1), "reason": .string("too many connections")])
    }

    private static var tooManyCalls: SgloradError {
        SgloradError(
            .busy, "Too many calls are in flight, from you or from all clients. Wait until some have ended.",
            parameters: ["retryAfter": .double(1), "reason": .string("too many calls are in flight")])
    }

    private func fail(
        _ error: any Error, call: VarlinkCall, replies: VarlinkReplies, connection: Connection
    ) async {
        let answer: VarlinkError
        switch error {
        case let error as VarlinkError: answer = error
        case let error as SgloradError:
            if error.code == .internal { failed(call.method, error) }
            answer = VarlinkError(error, interface: call.interfaceName)
        case is CancellationError:
            // The caller has disconnected or the server is shutting down: nobody waits for an answer.
            return connection.cut()
        default:
            failed(call.method, error)
            answer = VarlinkError(
                .internal("\(call.method) failed; see the server's log"), interface: call.interfaceName)
        }
        registry.count(\.failedCalls)
        if answer == .permissionDenied { registry.count(\.deniedCalls) }
        guard !replies.isFinished else { return }
        do {
            try await replies.fail(answer)
        } catch {
            connection.cut()
        }
    }
}

extension FrameHandler.Violation {
    fileprivate var counter: WritableKeyPath<ServerCounters, Int> {
        switch self {
        case .tooLong: \.oversizedMessages
        case .idle: \.idleMessages
        case .unread: \.unreadReplies
        case .noMemory: \.crowdedMessages
        }
    }
}
