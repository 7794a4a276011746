/// How much the queue takes, how often it tries, and how long it keeps what.
public struct QueueOptions: Sendable, Hashable {
    /// How many open requests there may be.
    public var capacity: Int
    /// How many of them may be one user's.
    public var perUser: Int
    /// How often a request is begun before it is given up.
    public var attempts: Int
    /// How long a worker may be silent before its request goes to another.
    public var lease: Duration
    /// How long an idempotency key is remembered, from the request that brought it.
    public var keepKeys: Duration
    /// How long a final request is remembered.
    public var keepRequests: Duration
    /// How long an intent's text is kept once its request is final; zero erases it in the commit that makes it final.
    public var retainIntents: Duration
    /// How long a label is kept once its request is final.
    public var keepLabels: Duration

    /// Options as a person who says nothing gets them.
    public init(
        capacity: Int = 10_000, perUser: Int = 1_000, attempts: Int = 3, lease: Duration = .seconds(300),
        keepKeys: Duration = .seconds(24 * 3600), keepRequests: Duration = .seconds(7 * 24 * 3600),
        retainIntents: Duration = .zero, keepLabels: Duration = .seconds(30 * 24 * 3600)
    ) {
        self.capacity = capacity
        self.perUser = perUser
        self.attempts = attempts
        self.lease = lease
        self.keepKeys = keepKeys
        self.keepRequests = keepRequests
        self.retainIntents = retainIntents
        self.keepLabels = keepLabels
    }
}

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
