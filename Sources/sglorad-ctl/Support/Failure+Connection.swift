internal import ErrorModel
internal import Varlink

extension Failure {
    /// Why the daemon cannot be reached, and what to do about it.
    init(_ failure: ConnectionFailure) {
        let (message, remedy) = Self.explained(failure)
        self.init(
            name: "ConnectionFailure", message: message, parameters: ["path": .string(failure.path)],
            remedy: remedy, status: ExitStatus(reason: failure.reason))
    }

    private static func explained(_ failure: ConnectionFailure) -> (String, Remedy) {
        let path = failure.path
        let start =
            "Start it with 'systemctl start sglorad.socket' or 'sglorad --state-dir DIR --socket \(path)'."
        switch failure.reason {
        case .noSocket:
            return ("The daemon is not running: there is no socket at \(path). \(start)", .start(path))
        case .notListening:
            return ("The daemon is not running: nothing listens on \(path). \(start)", .start(path))
        case .notAllowed:
            return (
                "You are not allowed to use \(path). Ask an administrator to add you to the group sglorad-users, "
                    + "then log in again.", .joinGroup
            )
        case .overloaded:
            return (
                "The daemon at \(path) is overloaded and does not accept connections. Try again later.",
                .type("sglorad-ctl status", to: "see in a moment whether it answers")
            )
        case .invalidPath:
            return (
                "'\(path)' cannot be the path of a Unix socket: it must have 1 to \(maximumPathLength) bytes.",
                .nameSocket
            )
        case .closed:
            return (
                "The daemon closed the connection to \(path) before it replied. "
                    + "Its log may tell why: 'journalctl -u sglorad'.", .readLog
            )
        case .malformedReply: return ("The program listening on \(path) does not speak varlink.", .nameSocket)
        case .other(let reason):
            return ("The daemon at \(path) cannot be reached: \(reason). \(start)", .start(path))
        }
    }

    /// The size of `sockaddr_un.sun_path` on Linux (unix(7)), without the final zero byte.
    private static let maximumPathLength = 107
}
