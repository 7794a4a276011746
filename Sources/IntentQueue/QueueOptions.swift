/// The queue's limits, attempts and retention times.
public struct QueueOptions: Sendable, Hashable {
    /// How many requests may be open.
    public var capacity: Int
    /// How many requests of one user may be open.
    public var perUser: Int
    /// How many attempts a request has before it fails.
    public var attempts: Int
    /// How long a worker may be silent before its lease expires and its request is requeued.
    public var lease: Duration
    /// How long an idempotency key is remembered after its submission.
    public var keepKeys: Duration
    /// How long a final request is kept.
    public var keepRequests: Duration
    /// How many final requests of one user are kept; beyond it the oldest are deleted.
    ///
    /// One whose idempotency key counts, or whose result is not delivered, is not deleted; where there are no others, the
    /// user's new requests are refused with `busy`.
    public var keepRequestsPerUser: Int
    /// How long an intent's text is kept once its request is final; zero erases it in the commit that makes it final.
    public var retainIntents: Duration
    /// How long a label is kept once its request is final.
    public var keepLabels: Duration

    /// The defaults: 10,000 open requests, 1,000 per user, 3 attempts, leases of 5 minutes; keys are kept for a day,
    /// requests for a week and 100,000 of a user, labels for 30 days, and texts not at all.
    public init(
        capacity: Int = 10_000, perUser: Int = 1_000, attempts: Int = 3, lease: Duration = .seconds(300),
        keepKeys: Duration = .seconds(24 * 3600), keepRequests: Duration = .seconds(7 * 24 * 3600),
        keepRequestsPerUser: Int = 100_000, retainIntents: Duration = .zero,
        keepLabels: Duration = .seconds(30 * 24 * 3600)
    ) {
        self.capacity = capacity
        self.perUser = perUser
        self.attempts = attempts
        self.lease = lease
        self.keepKeys = keepKeys
        self.keepRequests = keepRequests
        self.keepRequestsPerUser = keepRequestsPerUser
        self.retainIntents = retainIntents
        self.keepLabels = keepLabels
    }
}
