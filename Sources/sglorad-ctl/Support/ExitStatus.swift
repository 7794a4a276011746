internal import ErrorModel
internal import SgloradInterface
internal import Varlink

/// The exit statuses of `sglorad-ctl`, after BSD's `sysexits.h`, and the mapping from errors to them.
enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    /// No expert is similar enough to the intent.
    case refused = 2
    case usage = 64
    /// Invalid input: an intent, a name or a file.
    case badData = 65
    /// No daemon listens on the socket.
    case unreachable = 69
    case busy = 75
    case notAllowed = 77
    /// Interrupted with Ctrl-C (SIGINT).
    case interrupted = 130
    /// Terminated by SIGTERM.
    case terminated = 143

    /// The status of an error by its full varlink name, such as `io.sglorad.NoRelevantExpert`.
    init(errorName: String) {
        switch errorName {
        case "org.varlink.service.PermissionDenied": self = .notAllowed
        case "org.varlink.service.InvalidParameter": self = .badData
        case let name where name.hasPrefix("io.sglorad."):
            let code = SgloradError.Code.all.first { "io.sglorad.\($0.name)" == name }
            self = code.map(ExitStatus.init(code:)) ?? .failed
        default: self = .failed
        }
    }

    /// The status of an error that this program raised itself.
    init(code: SgloradError.Code) {
        switch code {
        case .noRelevantExpert: self = .refused
        case .busy: self = .busy
        case .invalidIntent, .invalidRequest, .unknownBase, .notFound, .alreadyExists, .emptyLibrary,
            .invalidFile,
            .unsupportedAdapter, .layoutMismatch:
            self = .badData
        default: self = .failed
        }
    }

    /// The status if the daemon cannot be reached.
    init(reason: ConnectionFailure.Reason) {
        switch reason {
        case .notAllowed: self = .notAllowed
        case .overloaded: self = .busy
        case .invalidPath: self = .usage
        case .noSocket, .notListening, .closed, .malformedReply, .other: self = .unreachable
        }
    }
}
