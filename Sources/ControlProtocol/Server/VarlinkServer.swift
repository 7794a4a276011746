public import ErrorModel
public import Logging
public import NIOCore
internal import NIOPosix
internal import Synchronization

/// A varlink service on a Unix socket.
///
/// Calls on one connection are handled strictly in order, each in a task of its own that is cancelled when its caller goes
/// away. Nothing is buffered without bound: pipelined calls wait in the caller's socket, and a reply waits until the one
/// before it has been taken. The server answers `org.varlink.service` itself.
public final class VarlinkServer: Sendable {
    private enum Phase {
        case idle
        case bound(any Channel, ListeningSocket?)
        case stopped
    }

    private let address: ListenAddress
    private let interfaces: [String: any VarlinkInterface]
    private let logger: Logger
    private let group: any EventLoopGroup
    private let registry: ConnectionRegistry
    private let phase = Mutex(Phase.idle)
    private let accepted: AsyncStream<Connection>
    private let acceptedContinuation: AsyncStream<Connection>.Continuation

    /// Makes a server that does not listen yet.
    ///
    /// - Parameters:
    ///   - address: where it listens.
    ///   - information: what `org.varlink.service.GetInfo` says of it.
    ///   - interfaces: what is offered beside `org.varlink.service`; of two with one name the last counts.
    ///   - eventLoopGroup: where its connections live; the caller keeps it alive.
    ///   - limits: what peers may take of the daemon.
    ///   - logger: where refused peers and broken connections are told.
    public init(
        address: ListenAddress, information: ServiceInformation, interfaces: [any VarlinkInterface],
        limits: ServerLimits = ServerLimits(), logger: Logger,
        eventLoopGroup: any EventLoopGroup = VarlinkServer.defaultEventLoopGroup
    ) {
        self.address = address
        self.logger = logger
        group = eventLoopGroup
        registry = ConnectionRegistry(limits: limits)
        let service: any VarlinkInterface = ServiceInterface(information, interfaces: interfaces)
        self.interfaces = Dictionary((interfaces + [service]).map { ($0.name, $0) }) { _, last in last }
        (accepted, acceptedContinuation) = AsyncStream.makeStream()
    }

    /// The process-wide event loops; they are never shut down.
    public static var defaultEventLoopGroup: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    /// What was counted so far.
    public var counters: ServerCounters { registry.counters }

    /// What peers may take of the daemon; a change holds for what is sent and opened from then on.
    public var limits: ServerLimits { registry.limits }

    /// Sets other limits.
    public func update(_ limits: ServerLimits) {
        registry.update(limits)
    }

    /// Makes the socket and listens; from now on clients can connect, and are answered once ``run()`` runs.
    ///
    /// - Throws: what ``ListenAddress`` can go wrong with: `AlreadyExists` if another daemon serves the path,
    ///   `InvalidRequest` for an impossible path, `StorageFailure` if the system refuses; an internal failure when called
    ///   twice.
    public func bind() async throws(SgloradError) {
        guard phase.withLock({ if case .idle = $0 { true } else { false } }) else {
            throw .internal("a server was bound twice")
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
            throw .internal("the control socket could not be served", cause: error)
        }
    }

    /// Serves until the task is cancelled or ``shutdown()`` is called.
    ///
    /// Then it stops accepting, removes its own socket file, closes idle connections, lets calls in flight end within the
    /// limit `drain`, and cancels and cuts what is left. It returns when every handler has returned.
    ///
    /// - Throws: an internal failure if the server is not bound, or if its listening socket was lost.
    public func run() async throws(SgloradError) {
        guard phase.withLock({ if case .idle = $0 { false } else { true } }) else {
            throw .internal("a server was run before it was bound")
        }
        // The task below must see calls in flight to their end, so cancellation must not reach it; it becomes a shutdown.
        let serving = Task { await self.serve() }
        await withTaskCancellationHandler {
            await serving.value
        } onCancel: {
            shutdown()
        }
        guard phase.withLock({ if case .stopped = $0 { true } else { false } }) else {
            shutdown()
            throw .internal("the listening socket was closed by something else")
        }
    }

    /// Begins to stop; ``run()`` returns when that is done.
    ///
    /// It does nothing a second time.
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
    /// Sets up one accepted connection, on its event loop.
    private func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
        PeerCredentials.peer(of: channel).flatMap { peer in
            do {
                let limits = self.limits
                let framed = try FramedChannel(
                    on: channel,
                    limits: FrameLimits(
                        length: limits.messageLength, shortest: Message.shortestCall,
                        halfMessage: TimeAmount(limits.halfMessage),
                        unreadReply: TimeAmount(limits.unreadReply),
                        memory: { [registry = self.registry] in registry.memory.reservation(for: peer.uid) })
                ) { [registry = self.registry] violation in
                    registry.count(violation.counter)
                }
                let connection = Connection(peer: peer, framed: framed)
                guard self.registry.admit(connection) else { return channel.close() }
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
        } handle: { call in
            await self.handle(call, on: connection)
        }
        for interface in interfaces.values { await interface.connectionClosed(connection.id) }
        registry.remove(connection)
    }

    private func handle(_ call: Message.Call, on connection: Connection) async {
        registry.count(\.calls)
        let replies = VarlinkReplies(
            call: call, channel: connection.framed, maximumLength: limits.messageLength
        ) { [registry, uid = connection.peer.uid] size in
            let reservation = registry.memory.reservation(for: uid)
            if reservation.grow(to: size) { return reservation }
            registry.count(\.crowdedReplies)
            return nil
        }
        let call = (
            received: VarlinkCall(call, peer: connection.peer, connection: connection.id),
            upgrade: call.upgrade
        )
        let interfaceName = call.received.interfaceName
        do {
            guard let interface = interfaces[interfaceName] else {
                throw VarlinkError.interfaceNotFound(interfaceName)
            }
            guard !call.upgrade else { throw VarlinkError.methodNotImplemented(call.received.method) }
            let isCounted = !(interface is ServiceInterface)
            if isCounted, !registry.begin(connection.peer) { throw Self.tooManyCalls }
            defer { if isCounted { registry.end(connection.peer) } }
            try await interface.handle(call.received, replies: replies)
            guard !replies.isFinished else { return }
            throw SgloradError.internal("\(call.received.method) ended without a reply")
        } catch {
            await fail(error, call: call.received, replies: replies, connection: connection)
        }
    }

    private static var tooManyCalls: SgloradError {
        SgloradError(
            .busy, "Too many calls are in flight, yours or everybody's. Wait until some have ended.",
            parameters: ["retryAfter": .double(1), "reason": .string("too many calls are in flight")])
    }

    private func fail(
        _ error: any Error, call: VarlinkCall, replies: VarlinkReplies, connection: Connection
    ) async {
        let answer: VarlinkError
        switch error {
        case let error as VarlinkError: answer = error
        case let error as SgloradError:
            if error.code == .internal {
                logger.error(
                    "A call failed.", metadata: ["method": "\(call.method)", "error": "\(error)"])
            }
            answer = VarlinkError(error, interface: call.interfaceName)
        case is CancellationError:
            // The caller is gone, or the server is going: there is nobody to answer.
            return connection.cut()
        default:
            logger.error(
                "A call failed.", metadata: ["method": "\(call.method)", "error": "\(error)"])
            answer = VarlinkError(
                .internal("\(call.method) failed; the daemon's log says why"), interface: call.interfaceName)
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
    /// Where it is counted.
    fileprivate var counter: WritableKeyPath<ServerCounters, Int> {
        switch self {
        case .tooLong: \.oversizedMessages
        case .idle: \.idleMessages
        case .unread: \.unreadReplies
        case .noMemory: \.crowdedMessages
        }
    }
}
