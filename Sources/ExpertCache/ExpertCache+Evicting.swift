public import ErrorModel
public import Foundation

/// What an eviction did, or would do.
public struct Eviction: Sendable, Hashable {
    /// The adapters that went, least recently used first.
    public var evicted: [AdapterRecord]
    /// Those that are left.
    public var kept: [AdapterRecord]
    /// The bytes of those.
    public var keptBytes: Int { kept.reduce(0) { $0 + $1.bytes } }
}

extension ExpertCache {
    /// Evicts adapters as a policy wants it; what is being read stays.
    ///
    /// - Parameters:
    ///   - policy: how many are kept, and for how long.
    ///   - uid: whose adapters are looked at; nil for everybody's.
    ///   - requests: the requests that have not come to their end: their adapters stay.
    ///   - now: the wall clock.
    ///   - dryRun: whether nothing is removed, and the answer says what would be.
    public func evict(
        _ policy: EvictionPolicy, of uid: Int? = nil, protectingRequests requests: Set<String> = [],
        now: Date = .now,
        dryRun: Bool = false
    ) async throws(SgloradError) -> Eviction {
        let all = try await adapters(uid: uid)
        let open = Set(all.filter { requests.contains($0.request) }.map(\.id))
        var victims = policy.victims(among: all, protecting: open, now: now)
        if !dryRun, !victims.isEmpty {
            let claimed = uses.claim(victims.map(\.id))
            defer { uses.release(claimed) }
            // What was pinned before the claim stays; what is claimed can no more be pinned.
            let pinned = try await pinnedAdapters()
            victims = victims.filter { claimed.contains($0.id) && !pinned.contains($0.id) }
            victims = try await remove(victims)
        }
        let gone = Set(victims.map(\.id))
        return Eviction(evicted: victims, kept: all.filter { !gone.contains($0.id) })
    }
}
