internal import ErrorModel
internal import SgloradInterface
internal import Varlink

/// Any error in the form in which the command reports it.
struct Failure: Error, Sendable {
    /// The error's full name, such as `io.sglorad.NotFound`.
    let name: String
    /// What went wrong and what to do about it.
    let message: String
    /// The error's typed fields.
    let parameters: [String: SgloradError.Parameter]
    let status: ExitStatus

    /// Creates a failure and adds the message to its fields.
    init(
        name: String, message: String, parameters: [String: SgloradError.Parameter] = [:], status: ExitStatus
    ) {
        self.name = name
        self.message = message
        self.parameters = parameters.merging(["message": .string(message)]) { _, message in message }
        self.status = status
    }

    /// Maps an error of any type to its message and exit status.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as VarlinkError: self.init(error)
        case let error as SgloradError:
            self.init(
                name: "\(Wire.interface).\(error.code.name)", message: error.description,
                parameters: error.parameters, status: ExitStatus(code: error.code))
        case let error as ConnectionFailure:
            self.init(
                name: "ConnectionFailure", message: Self.message(error),
                parameters: ["path": .string(error.path)],
                status: ExitStatus(reason: error.reason))
        case let error as DecodingError:
            self.init(
                name: "UnexpectedReply",
                message: "The daemon's reply does not match this version of sglorad-ctl. "
                    + "Use sglorad and sglorad-ctl of the same release. (\(error))",
                status: .failed)
        case is CancellationError:
            self.init(name: "Cancelled", message: "The command was cancelled.", status: .interrupted)
        default: self.init(name: "Failure", message: String(describing: error), status: .failed)
        }
    }

    private init(_ error: VarlinkError) {
        var message = "The daemon replied with the error \(error.name)."
        if case .string(let text)? = error.parameters["message"] {
            message = text
        } else if error.name == "org.varlink.service.PermissionDenied" {
            message =
                "Permission denied. Members of the group sglorad-users may make requests and see their own; members of "
                + "sglorad-admin, root and the daemon's own user may do everything. Ask an administrator to add you to "
                + "the group, then log in again."
        } else if error.name == "org.varlink.service.InvalidParameter",
            case .string(let parameter)? = error.parameters["parameter"]
        {
            message = "The daemon does not accept the parameter '\(parameter)'."
        } else if error.name.hasPrefix("org.varlink.service.") {
            message +=
                " It may be older than this sglorad-ctl: use sglorad and sglorad-ctl of the same release."
        }
        self.init(
            name: error.name, message: message, parameters: error.parameters,
            status: ExitStatus(errorName: error.name))
    }

    /// Why the daemon cannot be reached, and what to do about it.
    private static func message(_ failure: ConnectionFailure) -> String {
        let path = failure.path
        let start =
            "Start it with 'systemctl start sglorad.socket' or 'sglorad --state-dir DIR --socket \(path)'."
        switch failure.reason {
        case .noSocket: return "The daemon is not running: there is no socket at \(path). \(start)"
        case .notListening: return "The daemon is not running: nothing listens on \(path). \(start)"
        case .notAllowed:
            return
                "You are not allowed to use \(path). Ask an administrator to add you to the group sglorad-users, "
                + "then log in again."
        case .overloaded:
            return "The daemon at \(path) is overloaded and does not accept connections. Try again later."
        case .invalidPath:
            return
                "'\(path)' cannot be the path of a Unix socket: it must have 1 to \(maximumPathLength) bytes."
        case .closed:
            return "The daemon closed the connection to \(path) before it replied. "
                + "Its log may tell why: 'journalctl -u sglorad'."
        case .malformedReply: return "The program listening on \(path) does not speak varlink."
        case .other(let reason): return "The daemon at \(path) cannot be reached: \(reason). \(start)"
        }
    }

    /// The size of `sockaddr_un.sun_path` on Linux (unix(7)), without the final zero byte.
    private static let maximumPathLength = 107

    /// The same failure with another sentence appended to its message.
    func adding(_ sentence: String, parameters more: [String: SgloradError.Parameter] = [:]) -> Failure {
        Failure(
            name: name, message: "\(message) \(sentence)", parameters: parameters.merging(more) { $1 },
            status: status)
    }

    /// The failure of a stream that ended without the reply that completes it.
    static func incomplete(_ work: String) -> Failure {
        Failure(
            name: "UnexpectedReply",
            message: "The daemon ended the \(work) without a result and without an error. "
                + "Its log may tell why: 'journalctl -u sglorad'.",
            status: .failed)
    }
}

/// A failure as `--json` prints it: `{"error": name, "parameters": {…}}`.
struct FailureDocument: Encodable, Sendable {
    /// A field of an error, encoded as its bare value.
    struct Field: Encodable, Sendable {
        let value: SgloradError.Parameter

        func encode(to encoder: any Encoder) throws {
            // JSON cannot represent infinities and NaN.
            if case .double(let number) = value, !number.isFinite {
                var container = encoder.singleValueContainer()
                try container.encodeNil()
            } else {
                try value.encode(to: encoder)
            }
        }
    }

    let error: String
    let parameters: [String: Field]

    init(_ failure: Failure) {
        error = failure.name
        parameters = failure.parameters.mapValues(Field.init)
    }
}
