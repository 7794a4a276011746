import ControlProtocol
import ErrorModel

/// The exit statuses of `sglorad-ctl`, after BSD's sysexits, and which error leads to which.
enum ExitStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    /// No expert is near enough to the intent.
    case refused = 2
    case usage = 64
    /// What was given is not right: an intent, a name, a file.
    case badData = 65
    /// There is no daemon at the socket.
    case unreachable = 69
    case busy = 75
    case notAllowed = 77
    /// Called off from the keyboard.
    case interrupted = 130
    /// Called off by another process.
    case terminated = 143

    /// The status of an error by its full name, such as `io.sglorad.NoRelevantExpert`.
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

    /// The status of an error that was found by the program itself.
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

    /// The status of a daemon that cannot be reached.
    init(reason: ConnectionFailure.Reason) {
        switch reason {
        case .notAllowed: self = .notAllowed
        case .overloaded: self = .busy
        case .invalidPath: self = .usage
        case .noSocket, .notListening, .closed, .malformedReply, .other: self = .unreachable
        }
    }
}
