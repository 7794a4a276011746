/// An interface that a ``VarlinkServer`` implements.
public protocol VarlinkInterface: Sendable {
    /// Its name, such as `org.example.ping`.
    var name: String { get }
    /// Its definition: the text of its `.varlink` file.
    var definition: String { get }

    /// Handles one call and sends its replies. It runs in a task of its own, which is cancelled when the
    /// caller disconnects; it must return soon after that.
    ///
    /// A ``VarlinkError`` is sent as it is, an `SgloradError` as the error with its code's name in this
    /// interface, and any other error as `InternalFailure`. For an unknown method throw
    /// ``VarlinkError/methodNotFound(_:)``.
    func handle(_ call: VarlinkCall, replies: VarlinkReplies) async throws

    /// Called when a connection has ended and none of its calls is running any more.
    func connectionClosed(_ id: ConnectionID) async
}

extension VarlinkInterface {
    public func connectionClosed(_ id: ConnectionID) async {}
}

/// A call as it was received.
public struct VarlinkCall: Sendable {
    /// The qualified method, such as `org.example.ping.Ping`.
    public let method: String
    /// Whether the caller accepts several replies.
    public let more: Bool
    /// Whether the caller expects no reply.
    public let oneway: Bool
    /// The caller.
    public let peer: Peer
    /// The connection it arrived on.
    public let connection: ConnectionID

    let text: CallText

    init(_ incoming: Connection.Incoming, peer: Peer, connection: ConnectionID) {
        method = incoming.call.method
        more = incoming.call.more
        oneway = incoming.call.oneway
        text = incoming.text
        self.peer = peer
        self.connection = connection
    }

    /// The method's name without the interface.
    public var methodName: String {
        method.lastIndex(of: ".").map { String(method[method.index(after: $0)...]) } ?? method
    }

    /// Decodes the parameters.
    ///
    /// Absent parameters and `null` count as an empty object.
    ///
    /// - Throws: `org.varlink.service.InvalidParameter` with the path of the field that is missing or
    ///   invalid.
    public func parameters<T: Decodable>(as type: T.Type) throws(VarlinkError) -> T {
        do {
            return try Message.decode(type, from: text.bytes)
        } catch let error as DecodingError {
            throw .invalidParameter(Self.field(of: error))
        } catch {
            throw .invalidParameter("parameters")
        }
    }

    private static func field(of error: DecodingError) -> String {
        let path: [any CodingKey]
        switch error {
        case .keyNotFound(let key, let context): path = context.codingPath + [key]
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            path = context.codingPath
        @unknown default: path = []
        }
        var name = ""
        for key in path {
            if let index = key.intValue {
                name += "[\(index)]"
            } else {
                name += name.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return name.isEmpty ? "parameters" : name
    }
}

extension VarlinkCall {
    /// The interface of the method; the whole method if it has no dot.
    var interfaceName: String {
        method.lastIndex(of: ".").map { String(method[..<$0]) } ?? method
    }
}
