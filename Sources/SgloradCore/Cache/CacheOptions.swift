public import ExpertCache

/// How the cache is kept: what is evicted, and how often everything is verified.
public struct CacheOptions: Sendable, Hashable {
    /// How many adapters are kept, and for how long.
    public var eviction: EvictionPolicy
    /// How long it is from one verification of everything to the next; zero for never.
    public var verifyEvery: Duration

    /// Options as a person who says nothing gets them: adapters take up to 4 GiB, one user's
    /// up to 2, and everything is verified daily.
    public init(
        eviction: EvictionPolicy = EvictionPolicy(maximumBytes: 4 << 30, maximumBytesPerUser: 2 << 30),
        verifyEvery: Duration = .seconds(86400)
    ) {
        self.eviction = eviction
        self.verifyEvery = verifyEvery
    }
}
