extension SgloradClient {
    /// Why a call did not succeed.
    ///
    /// Each case holds a message for people, which says what was wrong and what to do. No message quotes an intent.
    public enum Failure: Error, Sendable, Hashable {
        /// No expert is near enough to the intent: an adapter would be a guess.
        case refused(Refusal)
        /// A limit of the daemon has been reached; the duration says when to ask again.
        case busy(Report, retryAfter: Duration)
        /// This user may not use the socket, or not call this method.
        case notPermitted(Report)
        /// No daemon serves the socket.
        case unreachable(Report)
        /// The daemon ended, or closed the connection, before it had replied.
        ///
        /// A request whose identifier the report names is kept by the daemon.
        case interrupted(Report)
        /// The client's ``SgloradClient/timeout`` was over.
        ///
        /// A request whose identifier the report names goes on.
        case timedOut(Report)
        /// The request was cancelled by somebody else.
        case cancelled(Report)
        /// There is no such request or adapter, or it belongs to another user.
        case notFound(Report)
        /// A value in the call is invalid, such as a text that is too long; `field` names it where the daemon did.
        case invalid(Report, field: String?)
        /// The daemon replied with something that this version of the library does not understand, or sent files that do
        /// not match their digests.
        case unusableReply(Report)
        /// The files of an adapter could not be written.
        case notWritten(Report)
        /// Anything else that the daemon reports; ``Report/error`` names it.
        case failed(Report)
    }

    /// What is known of a failure.
    public struct Report: Sendable, Hashable {
        /// What was wrong and what to do.
        public let message: String
        /// The qualified name of the daemon's error, such as `io.sglorad.StorageFailure`; nil if the daemon sent none.
        public let error: String?
        /// The request that the call waited for, if it was queued.
        public let requestID: String?

        init(_ message: String, error: String? = nil, requestID: String? = nil) {
            self.message = message
            self.error = error
            self.requestID = requestID
        }

        fileprivate func naming(_ requestID: String?) -> Report {
            Report(message, error: error, requestID: requestID ?? self.requestID)
        }
    }

    /// Why an intent was refused.
    ///
    /// ``SgloradClient/explain(_:base:topK:temperature:proximity:examples:)`` lists the experts that came nearest.
    public struct Refusal: Sendable, Hashable {
        /// What was wrong and what to do.
        public let message: String
        /// The name of the nearest expert.
        public let nearest: String
        /// The plain cosine of the nearest expert, -1 to 1.
        public let proximity: Double
        /// The plain cosine that is required.
        public let threshold: Double
        /// Whether the text was longer than the text encoder reads, and was cut.
        public let isTruncated: Bool
        /// The script of the text, such as `Cyrillic`, if the text encoder knows hardly a word in it.
        public let script: String?
        /// The request that was refused.
        public let requestID: String?
    }
}

extension SgloradClient.Failure {
    /// What was wrong and what to do.
    public var message: String {
        if case .refused(let refusal) = self { return refusal.message }
        return report?.message ?? ""
    }

    /// The request that the call waited for, if it was queued.
    public var requestID: String? {
        if case .refused(let refusal) = self { return refusal.requestID }
        return report?.requestID
    }

    /// Whether the same call may succeed later without any change: the daemon is busy, stopped, or was restarted.
    ///
    /// A request with an idempotency key can be repeated without being queued twice.
    public var isTransient: Bool {
        switch self {
        case .busy, .unreachable, .interrupted, .timedOut: true
        default: false
        }
    }

    private var report: SgloradClient.Report? {
        switch self {
        case .refused: nil
        case .busy(let report, _), .notPermitted(let report), .unreachable(let report),
            .interrupted(let report), .timedOut(let report), .cancelled(let report), .notFound(let report),
            .invalid(let report, _), .unusableReply(let report), .notWritten(let report), .failed(let report):
            report
        }
    }

    /// The same failure with the identifier of the request that the call waited for.
    func naming(_ requestID: String?) -> Self {
        switch self {
        case .refused(let refusal):
            .refused(
                .init(
                    message: refusal.message, nearest: refusal.nearest, proximity: refusal.proximity,
                    threshold: refusal.threshold, isTruncated: refusal.isTruncated, script: refusal.script,
                    requestID: requestID ?? refusal.requestID))
        case .busy(let report, let time): .busy(report.naming(requestID), retryAfter: time)
        case .notPermitted(let report): .notPermitted(report.naming(requestID))
        case .unreachable(let report): .unreachable(report.naming(requestID))
        case .interrupted(let report): .interrupted(report.naming(requestID))
        case .timedOut(let report): .timedOut(report.naming(requestID))
        case .cancelled(let report): .cancelled(report.naming(requestID))
        case .notFound(let report): .notFound(report.naming(requestID))
        case .invalid(let report, let field): .invalid(report.naming(requestID), field: field)
        case .unusableReply(let report): .unusableReply(report.naming(requestID))
        case .notWritten(let report): .notWritten(report.naming(requestID))
        case .failed(let report): .failed(report.naming(requestID))
        }
    }
}

extension SgloradClient.Failure: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
