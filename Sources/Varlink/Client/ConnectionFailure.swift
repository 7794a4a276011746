/// The service cannot be reached, or the connection to it failed.
public struct ConnectionFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: Sendable, Hashable {
        /// There is no socket at the path (`ENOENT`).
        case noSocket
        /// No process listens on the socket (`ECONNREFUSED`).
        case notListening
        /// Permission denied (`EACCES`).
        case notAllowed
        /// The service does not accept connections fast enough (`EAGAIN`).
        case overloaded
        /// The path is not a valid socket path.
        case invalidPath
        /// The service closed the connection before it replied.
        case closed
        /// The service sent something that is not varlink, or a message that is too long.
        case malformedReply
        /// Anything else, as the system describes it.
        case other(String)
    }

    /// The path of the socket.
    public let path: String
    public let reason: Reason

    public init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// What failed, and where.
    public var description: String {
        switch reason {
        case .noSocket: "The service is not running: the socket \(path) does not exist."
        case .notListening: "The service is not running: no process listens on \(path)."
        case .notAllowed: "Permission to use the socket \(path) was denied."
        case .overloaded: "The service at \(path) is overloaded and accepts no connections. Try again later."
        case .invalidPath:
            "'\(path)' is not a valid socket path: it must have 1 to \(UnixAddress.maximumPathLength) bytes."
        case .closed: "The service at \(path) closed the connection before it replied."
        case .malformedReply: "The service at \(path) does not speak varlink."
        case .other(let text): "The service at \(path) cannot be reached: \(text)."
        }
    }
}
