public import Foundation

/// How many adapters are kept, and for how long.
public struct EvictionPolicy: Sendable, Hashable {
    /// How many bytes all adapters' files may take together; nil for no limit.
    public var maximumBytes: Int?
    /// How many of them may be one user's; nil for no limit.
    public var maximumBytesPerUser: Int?
    /// How long after its last use an adapter is kept, in seconds; nil for ever.
    public var maximumAge: Double?
    /// How long after it was published an adapter is never evicted, in seconds.
    public var minimumAge: Double

    /// Makes a policy.
    public init(
        maximumBytes: Int? = nil, maximumBytesPerUser: Int? = nil, maximumAge: Double? = nil,
        minimumAge: Double = 300
    ) {
        self.maximumBytes = maximumBytes
        self.maximumBytesPerUser = maximumBytesPerUser
        self.maximumAge = maximumAge
        self.minimumAge = minimumAge
    }

    /// Which adapters are to go: those whose age has passed, then of each user who has too much the least recently used
    /// ones, and then everybody's until the rest fits.
    ///
    /// What is pinned, protected or younger than ``minimumAge`` stays, even where the rest is then still too large. What a
    /// user so keeps beyond ``maximumBytesPerUser`` does not count in ``maximumBytes``: the others would pay for it.
    ///
    /// - Parameters:
    ///   - adapters: all there are.
    ///   - protected: the identifiers of those that are needed otherwise.
    ///   - now: the wall clock; an adapter of the future is a young one.
    /// - Returns: those to evict, least recently used first.
    public func victims(
        among adapters: [AdapterFootprint], protecting protected: Set<String> = [], now: Date
    ) -> [AdapterFootprint] {
        let free = adapters.filter { adapter in
            !adapter.isPinned && !protected.contains(adapter.id) && comesOfAge(adapter) <= now
        }.sorted { ($0.usedAt, $0.id) < ($1.usedAt, $1.id) }
        var own: [Int: Int] = [:]
        for adapter in adapters { own[adapter.uid, default: 0] += adapter.bytes }
        let share = maximumBytesPerUser ?? .max
        // Of each user's no more than their share.
        var all = own.values.reduce(0) { $0 + min($1, share) }
        var victims: Set<String> = []
        func evict(where isDue: (AdapterFootprint) -> Bool) {
            for adapter in free where !victims.contains(adapter.id) && isDue(adapter) {
                victims.insert(adapter.id)
                let before = own[adapter.uid, default: 0]
                let after = before - adapter.bytes
                own[adapter.uid] = after
                all -= min(before, share) - min(after, share)
            }
        }
        if let maximumAge { evict { now.timeIntervalSince($0.usedAt) > maximumAge } }
        if let maximumBytesPerUser { evict { own[$0.uid, default: 0] > maximumBytesPerUser } }
        if let maximumBytes { evict { _ in all > maximumBytes } }
        return free.filter { victims.contains($0.id) }
    }

    /// From when on an adapter may be evicted.
    public func comesOfAge(_ adapter: AdapterFootprint) -> Date {
        adapter.createdAt.addingTimeInterval(minimumAge)
    }
}
