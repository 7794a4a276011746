import ControlProtocol
import ErrorModel

/// An error of any origin, as it is told to a person and to a program.
struct Failure: Error, Sendable {
    /// The error's full name, such as `io.sglorad.NotFound`.
    let name: String
    /// What was wrong and what to do.
    let message: String
    /// The error's typed fields.
    let parameters: [String: SgloradError.Parameter]
    /// What the process exits with.
    let status: ExitStatus

    /// Makes a failure; its fields always hold the message.
    init(
        name: String, message: String, parameters: [String: SgloradError.Parameter] = [:], status: ExitStatus
    ) {
        self.name = name
        self.message = message
        self.parameters = parameters.merging(["message": .string(message)]) { _, message in message }
        self.status = status
    }

    /// The one place where errors get their words and their exit status.
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
                name: "ConnectionFailure", message: error.description,
                parameters: ["path": .string(error.path)],
                status: ExitStatus(reason: error.reason))
        case let error as DecodingError:
            self.init(
                name: "UnexpectedReply",
                message: "The daemon's reply is not what this version of sglorad-ctl expects. "
                    + "Use the versions of one release. (\(error))",
                status: .failed)
        case is CancellationError:
            self.init(name: "Cancelled", message: "The command was called off.", status: .interrupted)
        default: self.init(name: "Failure", message: String(describing: error), status: .failed)
        }
    }

    private init(_ error: VarlinkError) {
        var message = "The daemon answers with the error \(error.name)."
        if case .string(let text)? = error.parameters["message"] {
            message = text
        } else if error.name == "org.varlink.service.PermissionDenied" {
            message =
                "This needs more rights than you have. Requests are for members of the group sglorad-users; the library, "
                + "the generators and what is others' for members of sglorad-admin; all of it for root and the daemon's "
                + "own user. Ask to be added to the group, and log in again."
        } else if error.name == "org.varlink.service.InvalidParameter",
            case .string(let parameter)? = error.parameters["parameter"]
        {
            message = "The daemon does not accept the parameter '\(parameter)'."
        } else if error.name.hasPrefix("org.varlink.service.") {
            message += " It may be older than this sglorad-ctl: use the versions of one release."
        }
        self.init(
            name: error.name, message: message, parameters: error.parameters,
            status: ExitStatus(errorName: error.name))
    }

    /// The same failure with another sentence behind its message.
    func adding(_ sentence: String, parameters more: [String: SgloradError.Parameter] = [:]) -> Failure {
        Failure(
            name: name, message: "\(message) \(sentence)", parameters: parameters.merging(more) { $1 },
            status: status)
    }
}
