internal import ErrorModel
internal import SgloradInterface
internal import Varlink

/// The errors of the wire as failures.
extension SgloradClient.Failure {
    /// The failure for an error of a call; a failure and a cancellation stay as they are.
    static func mapping(_ error: any Error) -> any Error {
        switch error {
        case is Self, is CancellationError: error
        case let error as VarlinkError: Self(error)
        case let error as ConnectionFailure: Self(error)
        case is DecodingError: unexpected
        default: Self.failed(SgloradClient.Report("The call failed: \(error)"))
        }
    }

    /// The failure for a reply that lacks something or holds something unknown.
    static var unexpected: Self {
        .unusableReply(
            SgloradClient.Report(
                "The daemon's reply does not match this version of SgloradClient. Use the daemon and the library "
                    + "of the same release."))
    }

    private init(_ error: VarlinkError) {
        let service = "org.varlink.service."
        let report = SgloradClient.Report(
            error.message ?? "The daemon replied with the error \(error.name).", error: error.name)
        switch error.name {
        case "\(service)PermissionDenied":
            self = .notPermitted(SgloradClient.Report(Self.notAllowed, error: error.name))
        case "\(service)InvalidParameter":
            let field = error.parameters["parameter"]?.text
            self = .invalid(
                SgloradClient.Report(
                    "The daemon does not accept the parameter '\(field ?? "")'.", error: error.name),
                field: field)
        case "\(Wire.interface).NoRelevantExpert":
            guard let refusal = SgloradClient.Refusal(error.parameters) else {
                self = Self.unexpected
                return
            }
            self = .refused(refusal)
        case "\(Wire.interface).Busy":
            let seconds = error.parameters["retryAfter"]?.number ?? 1
            self = .busy(report, retryAfter: .seconds(seconds.isFinite ? min(max(seconds, 0), 3600) : 1))
        case "\(Wire.interface).Cancelled": self = .cancelled(report)
        case "\(Wire.interface).NotFound": self = .notFound(report)
        case "\(Wire.interface).InvalidIntent", "\(Wire.interface).InvalidRequest":
            self = .invalid(report, field: error.parameters["field"]?.text)
        case "\(Wire.interface).UnknownBase": self = .invalid(report, field: "base")
        default: self = .failed(report)
        }
    }

    private init(_ failure: ConnectionFailure) {
        let path = failure.path
        switch failure.reason {
        case .noSocket, .notListening:
            self = .unreachable(
                SgloradClient.Report(
                    "\(failure) Start it with 'systemctl start sglorad.socket' or 'sglorad --state-dir DIR "
                        + "--socket \(path)'."))
        case .overloaded, .invalidPath, .other: self = .unreachable(SgloradClient.Report("\(failure)"))
        case .notAllowed:
            self = .notPermitted(
                SgloradClient.Report("The socket \(path) may not be used. \(Self.notAllowed)"))
        case .closed:
            self = .interrupted(
                SgloradClient.Report(
                    "\(failure) It may have been restarted; its log may tell why: 'journalctl -u sglorad'."))
        case .malformedReply: self = .unusableReply(SgloradClient.Report("\(failure)"))
        }
    }

    private static let notAllowed =
        "Permission denied. Members of the group sglorad-users may make requests and see their own; members of "
        + "sglorad-admin may do everything. Ask an administrator to add this user to the group, then log in again."
}

extension SgloradClient.Refusal {
    /// The refusal in the parameters of NoRelevantExpert; nil if they are incomplete.
    fileprivate init?(_ parameters: [String: SgloradError.Parameter]) {
        guard let message = parameters["message"]?.text, let nearest = parameters["nearest"]?.text,
            let proximity = parameters["proximity"]?.number, let threshold = parameters["threshold"]?.number
        else { return nil }
        self.init(
            message: message, nearest: nearest, proximity: proximity, threshold: threshold,
            isTruncated: parameters["truncated"] == .bool(true), script: parameters["script"]?.text,
            requestID: nil)
    }
}

extension SgloradError.Parameter {
    fileprivate var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    fileprivate var number: Double? {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }
}
