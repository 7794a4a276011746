/// Where the spool is, and how long it keeps what.
public struct SpoolOptions: Sendable, Hashable {
    /// The folder; nil for a daemon without a spool.
    public var directory: String?
    /// How long results are kept.
    public var keepResults: Duration
    /// How long rejected files are kept; zero keeps none of them, only the reasons, until the results' time has passed.
    public var keepRejected: Duration

    /// Options as a person who says nothing gets them.
    public init(
        directory: String? = nil, keepResults: Duration = .seconds(7 * 24 * 3600),
        keepRejected: Duration = .seconds(7 * 24 * 3600)
    ) {
        self.directory = directory
        self.keepResults = keepResults
        self.keepRejected = keepRejected
    }
}
