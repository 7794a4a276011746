/// Why a router gave no answer, or none that counts.
public enum RouterError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nobody listens at the socket, or it cannot be opened.
    case unreachable(reason: String)
    /// There was no whole answer in time.
    case late
    /// The answer has more bytes than it may.
    case tooLong
    /// What came is not what a router answers.
    case malformed(String)
    /// The connection ended before the answer did.
    case closed
    /// An error of the server's.
    case refused(status: Int, reason: String?)
    /// The caller stopped waiting.
    case cancelled

    /// The error in words that continue "llama-server …".
    public var description: String {
        switch self {
        case .unreachable(let reason): "cannot be reached: \(reason)"
        case .late: "does not answer in time"
        case .tooLong: "answers with too many bytes"
        case .malformed(let reason): "does not answer as a router does: \(reason)"
        case .closed: "closed the connection before it had answered"
        case .refused(let status, let reason):
            "answers with the status \(status)\(reason.map { ": \($0)" } ?? "")"
        case .cancelled: "was not asked to the end"
        }
    }
}
