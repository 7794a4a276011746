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
    /// What to type, set or mend next.
    let remedy: Remedy
    let status: ExitStatus

    /// Creates a failure and adds the message to its fields.
    init(
        name: String, message: String, parameters: [String: SgloradError.Parameter] = [:], remedy: Remedy,
        status: ExitStatus
    ) {
        self.name = name
        self.message = message
        self.parameters = parameters.merging(["message": .string(message)]) { _, message in message }
        self.remedy = remedy
        self.status = status
    }

    /// Maps an error of any type to its message, remedy and exit status.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as VarlinkError: self.init(error)
        case let error as SgloradError:
            self.init(
                name: "\(Wire.interface).\(error.code.name)", message: error.description,
                parameters: error.parameters, remedy: error.remedy.onCommandLine,
                status: ExitStatus(code: error.code))
        case let error as ConnectionFailure: self.init(error)
        case let error as DecodingError:
            self.init(
                name: "UnexpectedReply",
                message: "The daemon's reply does not match this version of sglorad-ctl. "
                    + "Use sglorad and sglorad-ctl of the same release. (\(error))",
                remedy: .compareVersions, status: .failed)
        case is CancellationError:
            self.init(
                name: "Cancelled", message: "The command was cancelled.",
                remedy: .type("sglorad-ctl queue list", to: "see what became of it"), status: .interrupted)
        default:
            self.init(
                name: "Failure", message: String(describing: error),
                remedy: .type("sglorad-ctl doctor", to: "see whether something is wrong with the daemon"),
                status: .failed)
        }
    }

    private init(_ error: VarlinkError) {
        var message = "The daemon replied with the error \(error.name)."
        var remedy = Remedy.compareVersions
        if let code = SgloradError.Code.all.first(where: { "\(Wire.interface).\($0.name)" == error.name }) {
            remedy = code.remedy(error.parameters).onCommandLine
        }
        if case .string(let text)? = error.parameters["message"] {
            message = text
        } else if error.name == "org.varlink.service.PermissionDenied" {
            message =
                "Permission denied. Members of the group sglorad-users may make requests and see their own; members of "
                + "sglorad-admin, root and the daemon's own user may do everything. Ask an administrator to add you to "
                + "the group, then log in again."
            remedy = .joinGroup
        } else if error.name == "org.varlink.service.InvalidParameter",
            case .string(let parameter)? = error.parameters["parameter"]
        {
            message = "The daemon does not accept the parameter '\(parameter)'."
            remedy = .help
        } else if error.name.hasPrefix("org.varlink.service.") {
            message +=
                " It may be older than this sglorad-ctl: use sglorad and sglorad-ctl of the same release."
        }
        self.init(
            name: error.name, message: message, parameters: error.parameters, remedy: remedy,
            status: ExitStatus(errorName: error.name))
    }

    /// The same failure with another sentence appended to its message.
    func adding(_ sentence: String, parameters more: [String: SgloradError.Parameter] = [:]) -> Failure {
        Failure(
            name: name, message: "\(message) \(sentence)", parameters: parameters.merging(more) { $1 },
            remedy: remedy, status: status)
    }

    /// The failure of a stream that ended without the reply that completes it.
    static func incomplete(_ work: String) -> Failure {
        Failure(
            name: "UnexpectedReply",
            message: "The daemon ended the \(work) without a result and without an error. "
                + "Its log may tell why: 'journalctl -u sglorad'.",
            remedy: .readLog, status: .failed)
    }

    /// The whole text for standard error: the message, and the next step as the last line.
    func text(_ style: Style = .plain) -> String {
        "\(style.failure("sglorad-ctl:")) \(SafeText(message))\nNext, \(SafeText(remedy.description))\n"
    }
}

/// A failure as `--json` prints it: `{"error": name, "parameters": {…}, "remedy": next step}`.
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
    /// What to type, set or mend next.
    let remedy: String

    init(_ failure: Failure) {
        error = failure.name
        remedy = failure.remedy.description
        parameters = failure.parameters.mapValues(Field.init)
    }
}
