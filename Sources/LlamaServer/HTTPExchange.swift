internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Requests and answers of HTTP/1.1 over a Unix socket, each on a connection of its own.
struct HTTPExchange: Sendable {
    /// A whole answer.
    struct Answer: Sendable {
        var status = 0
        var body: [UInt8] = []
    }

    /// The longest path of a Unix socket, in bytes (unix(7)).
    private static let longestPath = 107

    let socket: String
    let limits: LlamaRouter.Limits

    /// Sends one request and waits for its answer.
    ///
    /// - Throws: ``RouterError``.
    func send(
        _ method: HTTPMethod, _ uri: String, body: [UInt8] = []
    ) async throws(RouterError) -> Answer {
        guard (1...Self.longestPath).contains(socket.utf8.count) else {
            throw .unreachable(reason: "the path of its socket must have 1 to \(Self.longestPath) bytes")
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let answer = loop.makePromise(of: Answer.self)
        let channel: any Channel
        do {
            channel = try await connect(on: loop, answer)
        } catch {
            answer.fail(RouterError.closed)
            _ = try? await answer.futureResult.get()
            throw .unreachable(reason: Self.reason(error))
        }
        let deadline = loop.scheduleTask(in: TimeAmount(limits.answering)) {
            answer.fail(RouterError.late)
        }
        answer.futureResult.whenComplete { _ in
            deadline.cancel()
            channel.close(promise: nil)
        }
        write(method, uri, body, to: channel)
        do {
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                answer.fail(RouterError.cancelled)
            }
        } catch let error as RouterError {
            throw error
        } catch {
            throw .malformed(Self.reason(error))
        }
    }

    private func connect(on loop: any EventLoop, _ answer: EventLoopPromise<Answer>) async throws
        -> any Channel
    {
        let bytes = limits.bytes
        return try await ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(limits.connecting))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteLimit(bytes))
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(AnswerCollector(answer))
                }
            }
            .connect(unixDomainSocketPath: socket).get()
    }

    private func write(_ method: HTTPMethod, _ uri: String, _ body: [UInt8], to channel: any Channel) {
        var headers = HTTPHeaders([
            ("Host", "localhost"), ("Connection", "close"), ("Accept", "application/json"),
        ])
        if !body.isEmpty {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: "\(body.count)")
        }
        let head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if !body.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
    }

    /// An error of the system or of SwiftNIO in words.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == 2: "there is no such socket"
        case let error as IOError where error.errnoCode == 111: "nobody listens at its socket"
        case let error as IOError where error.errnoCode == 13: "its socket may not be opened by this user"
        case let error as HTTPParserError: "no HTTP (\(error))"
        default: "\(error)"
        }
    }
}

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}

/// Ends a connection on which more bytes arrive than may.
private final class ByteLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var left: Int

    init(_ bytes: Int) { left = bytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        left -= unwrapInboundIn(data).readableBytes
        guard left >= 0 else {
            context.fireErrorCaught(RouterError.tooLong)
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
    }
}

/// Collects an answer.
private final class AnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let promise: EventLoopPromise<HTTPExchange.Answer>
    private var answer = HTTPExchange.Answer()

    init(_ promise: EventLoopPromise<HTTPExchange.Answer>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): answer.status = Int(head.status.code)
        case .body(let bytes): answer.body.append(contentsOf: bytes.readableBytesView)
        case .end: promise.succeed(answer)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(RouterError.closed)
        context.fireChannelInactive()
    }
}
