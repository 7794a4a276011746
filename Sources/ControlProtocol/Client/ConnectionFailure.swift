/// The daemon cannot be reached, or went away.
public struct ConnectionFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why.
    public enum Reason: Sendable, Hashable {
        /// There is no socket at the path (`ENOENT`).
        case noSocket
        /// Nobody listens on the socket (`ECONNREFUSED`).
        case notListening
        /// The caller may not use the socket (`EACCES`).
        case notAllowed
        /// The daemon does not take connections fast enough (`EAGAIN`).
        case overloaded
        /// The path cannot be a socket's.
        case invalidPath
        /// The daemon closed the connection before it had answered.
        case closed
        /// The daemon sent something that is not varlink, or a message that is too long.
        case malformedReply
        /// Anything else, in the system's words.
        case other(String)
    }

    /// The socket.
    public let path: String
    /// Why.
    public let reason: Reason

    /// Makes a failure.
    public init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// What is wrong and what to do.
    public var description: String {
        let start =
            "Start it with 'systemctl start sglorad.socket', or 'sglorad --state-dir DIR --socket \(path)'."
        switch reason {
        case .noSocket: return "The daemon is not running: there is no socket \(path). \(start)"
        case .notListening: return "The daemon is not running: nobody listens on \(path). \(start)"
        case .notAllowed:
            return "You may not use \(path). Ask to be added to the group sglorad-users, and log in again."
        case .overloaded:
            return "The daemon at \(path) is overloaded: it takes no connection. Try again later."
        case .invalidPath:
            return
                "'\(path)' cannot be a socket's path: it must have 1 to \(UnixAddress.maximumPathLength) bytes."
        case .closed:
            return "The daemon closed the connection to \(path) before it had answered."
                + " 'journalctl -u sglorad' may say why."
        case .malformedReply: return "What answers at \(path) does not speak varlink."
        case .other(let text): return "The daemon at \(path) cannot be reached: \(text). \(start)"
        }
    }
}
