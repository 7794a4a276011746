public import Foundation

/// How many adapters are kept, and for how long.
public struct EvictionPolicy: Sendable, Hashable {
    /// How many bytes all adapters' files may take together; nil for no limit.
    public var maximumBytes: Int?
    /// How long after its last use an adapter is kept, in seconds; nil for ever.
    public var maximumAge: Double?
    /// How long after it was published an adapter is never evicted, in seconds.
    public var minimumAge: Double

    /// Makes a policy.
    public init(maximumBytes: Int? = nil, maximumAge: Double? = nil, minimumAge: Double = 300) {
        self.maximumBytes = maximumBytes
        self.maximumAge = maximumAge
        self.minimumAge = minimumAge
    }

    /// Which adapters are to go: those whose age has passed, and then the least recently used ones until the rest fits.
    ///
    /// What is pinned, protected or younger than ``minimumAge`` stays, even where the rest is then still too large.
    ///
    /// - Parameters:
    ///   - adapters: all there are.
    ///   - protected: the identifiers of those that are needed otherwise.
    ///   - now: the wall clock; an adapter of the future is a young one.
    /// - Returns: those to evict, least recently used first.
    public func victims(
        among adapters: [AdapterRecord], protecting protected: Set<String> = [], now: Date
    ) -> [AdapterRecord] {
        let free = adapters.filter { adapter in
            !adapter.isPinned && !protected.contains(adapter.id)
                && now.timeIntervalSince(adapter.createdAt) >= minimumAge
        }.sorted { ($0.usedAt, $0.id) < ($1.usedAt, $1.id) }
        var rest = adapters.reduce(0) { $0 + $1.bytes }
        var victims: [AdapterRecord] = []
        for adapter in free {
            let isOld = maximumAge.map { now.timeIntervalSince(adapter.usedAt) > $0 } ?? false
            let isTooMuch = maximumBytes.map { rest > $0 } ?? false
            guard isOld || isTooMuch else { break }
            victims.append(adapter)
            rest -= adapter.bytes
        }
        return victims
    }
}
