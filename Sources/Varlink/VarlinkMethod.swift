/// A method of a varlink interface with the types of its parameters and its reply.
///
/// Bindings of an interface declare one such type for each method; see ``VarlinkClient/call(_:_:)`` and
/// ``VarlinkReplies/answer(_:_:)``.
public protocol VarlinkMethod: Sendable {
    associatedtype Parameters: Codable & Sendable
    associatedtype Reply: Codable & Sendable
    /// The interface, such as `org.example.ping`.
    static var interface: String { get }
    /// The method's name, without the interface.
    static var name: String { get }
}

extension VarlinkMethod {
    /// The method as calls name it: the interface, a dot, and the name.
    public static var qualifiedName: String { "\(interface).\(name)" }

    /// A call of this method, as its handler receives it.
    public typealias Call = MethodCall<Self>
    /// A call of this method, as a handler that sends its replies itself receives it.
    public typealias Stream = MethodStream<Self>
}

extension VarlinkClient {
    /// Calls a method and waits for its one reply.
    ///
    /// - Throws: what ``call(_:_:returning:)`` throws.
    public func call<Method: VarlinkMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters
    ) async throws -> Method.Reply {
        try await call(method.qualifiedName, parameters, returning: Method.Reply.self)
    }

    /// Calls a method with `more` and returns its replies as they arrive; see ``stream(_:_:returning:)``.
    public func stream<Method: VarlinkMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters
    ) -> AsyncThrowingStream<Method.Reply, any Error> {
        stream(method.qualifiedName, parameters, returning: Method.Reply.self)
    }
}

/// A call of a known method, with its parameters decoded.
public struct MethodCall<Method: VarlinkMethod>: Sendable {
    /// The decoded parameters.
    public let parameters: Method.Parameters
    private let call: VarlinkCall

    /// - Throws: `org.varlink.service.InvalidParameter` with the path of the field that is missing or
    ///   invalid.
    init(_ call: VarlinkCall) throws(VarlinkError) {
        parameters = try call.parameters(as: Method.Parameters.self)
        self.call = call
    }

    /// The caller.
    public var peer: Peer { call.peer }
    /// The connection it arrived on.
    public var connection: ConnectionID { call.connection }
    /// Whether the caller accepts several replies.
    public var more: Bool { call.more }
}

/// A call of a method that streams: its handler sends the replies itself.
///
/// Only one task at a time may send; see ``VarlinkReplies``.
public struct MethodStream<Method: VarlinkMethod>: Sendable {
    /// The call that the replies answer.
    public let call: MethodCall<Method>
    private let replies: VarlinkReplies

    init(_ call: MethodCall<Method>, _ replies: VarlinkReplies) {
        self.call = call
        self.replies = replies
    }

    /// The decoded parameters of the call.
    public var parameters: Method.Parameters { call.parameters }

    /// Sends a reply that others will follow.
    ///
    /// - Throws: what ``VarlinkReplies/send(_:)`` throws.
    public func send(_ reply: Method.Reply) async throws {
        try await replies.send(reply)
    }

    /// Sends a reply that others will follow, if the caller accepts several; otherwise does nothing.
    ///
    /// - Throws: what ``VarlinkReplies/send(_:)`` throws, apart from `ExpectedMore`.
    public func sendIfMore(_ reply: Method.Reply) async throws {
        if call.more { try await replies.send(reply) }
    }

    /// Sends the last reply.
    ///
    /// - Throws: what ``VarlinkReplies/finish(_:)`` throws.
    public func finish(_ reply: Method.Reply) async throws {
        try await replies.finish(reply)
    }
}

extension VarlinkReplies {
    /// Decodes the parameters of a call and sends what the handler returns as the only reply.
    public func answer<Method: VarlinkMethod>(
        _ call: VarlinkCall, _ handler: (MethodCall<Method>) async throws -> Method.Reply
    ) async throws {
        try await finish(try await handler(Self.decode(call)))
    }

    /// Decodes the parameters of a call and leaves its replies to the handler.
    public func stream<Method: VarlinkMethod>(
        _ call: VarlinkCall, _ handler: (MethodStream<Method>) async throws -> Void
    ) async throws {
        try await handler(MethodStream(Self.decode(call), self))
    }

    /// As ``stream(_:_:)``, for a method that must be called with `more`.
    ///
    /// - Throws: `org.varlink.service.ExpectedMore` if the call has no `more`.
    public func streamOnly<Method: VarlinkMethod>(
        _ call: VarlinkCall, _ handler: (MethodStream<Method>) async throws -> Void
    ) async throws {
        let call: MethodCall<Method> = try await Self.decode(call)
        guard call.more else { throw VarlinkError.expectedMore }
        try await handler(MethodStream(call, self))
    }

    /// Decodes the parameters of a call, large ones on threads of their own.
    ///
    /// - Throws: `org.varlink.service.InvalidParameter`; `Busy` if there is no memory for it.
    private static func decode<Method: VarlinkMethod>(_ call: VarlinkCall) async throws -> MethodCall<Method>
    {
        guard call.text.isLarge else { return try MethodCall(call) }
        return try await call.text.decodeLarge { () throws(VarlinkError) in try MethodCall(call) }
    }
}
