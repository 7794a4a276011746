/// A call to llama-server that failed, with what to do about it.
public struct LlamaServerFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: Sendable, Hashable {
        /// The path is not one of a socket: empty, too long, or with a NUL.
        case invalidPath
        /// There is no socket at the path (`ENOENT`).
        case noSocket
        /// No process listens on the socket (`ECONNREFUSED`). llama-server leaves its socket behind when it ends.
        case notListening
        /// Permission denied (`EACCES`).
        case notAllowed
        /// The time for the call is over.
        case timedOut(seconds: Double)
        /// The server closed the connection before its reply was complete.
        case closed
        /// The reply is longer than the call allows, in bytes.
        case tooLong(limit: Int)
        /// The reply is not what llama-server sends.
        case malformedReply(String)
        /// The server is loading its model, and answers once it has.
        case loading
        /// The server refused the call: an HTTP status other than 200, and the server's own words.
        case refused(status: Int, message: String)
        /// Anything else, as the system describes it.
        case other(String)
    }

    /// The path of the socket.
    public let socket: String
    public let reason: Reason

    public init(socket: String, reason: Reason) {
        self.socket = socket
        self.reason = reason
    }

    /// Whether a later call may succeed although nothing is changed: the server is starting, restarting or busy.
    public var isPassing: Bool {
        switch reason {
        case .noSocket, .notListening, .timedOut, .closed, .loading: true
        case .refused(let status, _): status == 503 || status == 429
        case .invalidPath, .notAllowed, .tooLong, .malformedReply, .other: false
        }
    }

    /// What failed and what to do, in sentences.
    public var description: String {
        switch reason {
        case .invalidPath:
            "'\(socket)' is no path of a socket: it must have 1 to \(SocketPath.maximumLength) bytes. Name a shorter one."
        case .noSocket:
            "llama-server is not running: the socket \(socket) does not exist. Start it with '--host \(socket)'."
        case .notListening:
            "llama-server is not running: no process listens on \(socket), which an earlier one left. Remove that socket, "
                + "beside which llama-server does not start, and start it with '--host \(socket)'."
        case .notAllowed:
            "Permission to use llama-server's socket \(socket) was denied. Let the calling user write to it."
        case .timedOut(let seconds):
            "llama-server at \(socket) did not answer within \(Self.text(seconds)) s. See whether it is overloaded."
        case .closed:
            "llama-server at \(socket) closed the connection before it had answered. Its own log says why."
        case .tooLong(let limit):
            "llama-server at \(socket) sent more than \(limit) bytes. See that the socket is llama-server's."
        case .malformedReply(let what):
            "What answers at \(socket) does not speak as llama-server does: \(what). See that the socket is llama-server's."
        case .loading: "llama-server at \(socket) is still loading its model. Try again in a moment."
        case .refused(let status, let message):
            "llama-server at \(socket) refused the call with the status \(status): \(message)"
        case .other(let text): "llama-server at \(socket) cannot be used: \(text)."
        }
    }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() && seconds < 1e9 ? String(Int(seconds)) : String(seconds)
    }
}
