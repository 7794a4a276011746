internal import NIOCore

/// One call as it was received.
public struct VarlinkCall: Sendable {
    /// The fully qualified method, such as `io.sglorad.Status`.
    public let method: String
    /// Whether the caller takes several replies.
    public let more: Bool
    /// Whether the caller wants no reply.
    public let oneway: Bool
    /// Who calls.
    public let peer: Peer
    /// The connection it came on; uploads belong to a connection.
    public let connection: ConnectionID

    private let text: ByteBuffer?

    init(_ call: Message.Call, peer: Peer, connection: ConnectionID) {
        method = call.method
        more = call.more
        oneway = call.oneway
        text = call.parameters
        self.peer = peer
        self.connection = connection
    }

    /// The method without its interface.
    public var methodName: String {
        method.lastIndex(of: ".").map { String(method[method.index(after: $0)...]) } ?? method
    }

    /// Decodes the parameters; absent ones, `null` and `{}` are all an empty object.
    ///
    /// - Throws: `org.varlink.service.InvalidParameter`, which names the field that is missing or wrong.
    public func parameters<T: Decodable>(as type: T.Type) throws(VarlinkError) -> T {
        do {
            return try Message.decode(type, from: text)
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
    /// The method's interface; the whole method if it holds no dot.
    var interfaceName: String {
        method.lastIndex(of: ".").map { String(method[..<$0]) } ?? method
    }
}
