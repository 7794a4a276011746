public import ErrorModel

/// What stands in `done/<uid>/X.json` once the intent `X.json` has come to its end.
public struct SpoolResult: Codable, Sendable {
    /// How an intent can end that came through the spool.
    public enum State: String, Codable, Sendable, Hashable, CaseIterable {
        /// Its adapter is published.
        case done
        /// No expert was near enough.
        case refused
        /// It could not be done.
        case failed
        /// It was called off.
        case cancelled
        /// The file was no intent.
        case rejected
    }

    /// Why there is no adapter.
    public struct Failure: Codable, Sendable {
        /// The varlink error, such as `io.sglorad.NoRelevantExpert`.
        public var error: String
        /// Its fields; `message` says what was wrong and what to do.
        public var parameters: [String: SgloradError.Parameter]

        /// The failure of an error.
        public init(_ error: SgloradError) {
            self.error = "\(Wire.interface).\(error.code.name)"
            parameters = error.parameters.merging(["message": .string(error.message)]) { _, message in message
            }
        }
    }

    /// How it ended.
    public var state: State
    /// The request; nil for a rejected file, of which none was made.
    public var requestId: String?
    /// The caller's own word for it.
    public var label: String?
    /// When it was taken in, RFC 3339 in UTC.
    public var submittedAt: String?
    /// When it ended.
    public var finishedAt: String?
    /// The adapter, once done; nil where it has been removed since.
    public var adapter: Wire.Adapter?
    /// Why there is no adapter.
    public var failure: Failure?
    /// Where a rejected file is, if it was kept; the reason stands beside it.
    public var rejected: String?

    /// Makes a result.
    public init(
        state: State, requestId: String? = nil, label: String? = nil, submittedAt: String? = nil,
        finishedAt: String? = nil, adapter: Wire.Adapter? = nil, failure: Failure? = nil,
        rejected: String? = nil
    ) {
        self.state = state
        self.requestId = requestId
        self.label = label
        self.submittedAt = submittedAt
        self.finishedAt = finishedAt
        self.adapter = adapter
        self.failure = failure
        self.rejected = rejected
    }
}
