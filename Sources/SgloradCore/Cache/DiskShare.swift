internal import ErrorModel
internal import ExpertCache
internal import Foundation

/// Holds each user to a share of the disk: who has used it up loses the least recently used adapters, never another's, and
/// where none may go gets no new ones.
///
/// It is looked at when a request is accepted, so that what is open then may go beyond the share.
struct DiskShare: Sendable {
    private let inspector: CacheInspector
    /// Who is at their limit makes room once at a time: the first of a crowd makes it for the others too.
    private let turns = UserTurns(limit: 1)

    init(_ inspector: CacheInspector) {
        self.inspector = inspector
    }

    /// Why a user may have no more adapters at the moment; nil where there is room, which is made if need be.
    ///
    /// - Parameters:
    ///   - uid: the user.
    ///   - needsNone: whether the user asks for nothing that needs room after all, so that none is to be made; asked only
    ///     where there is none.
    func obstacle(
        for uid: Int, unless needsNone: () async throws(SgloradError) -> Bool = { false }
    ) async throws(SgloradError) -> SgloradError? {
        guard let share = inspector.policy.maximumBytesPerUser,
            try await inspector.cache.adapterBytes(of: uid) >= share
        else { return nil }
        return try await turns.take(for: UInt32(truncatingIfNeeded: uid)) {
            () async throws(SgloradError) -> SgloradError? in
            try await makeRoom(for: uid, share, unless: needsNone)
        }
    }

    /// Evicts what a user has too much for one adapter more; what then stands in the way, or nil.
    private func makeRoom(
        for uid: Int, _ share: Int, unless needsNone: () async throws(SgloradError) -> Bool
    ) async throws(SgloradError) -> SgloradError? {
        // Whoever had the turn before may have made room.
        guard try await inspector.cache.adapterBytes(of: uid) >= share else { return nil }
        if try await needsNone() { return nil }
        // Room for one more: at the share itself there is none.
        var policy = inspector.policy
        policy.maximumBytesPerUser = share - 1
        let eviction = try await inspector.evict(policy, of: uid)
        // What else came and went meanwhile counts too.
        let bytes = try await inspector.cache.adapterBytes(of: uid)
        guard bytes >= share else { return nil }
        let young = eviction.kept.filter { !$0.isPinned }.map { policy.comesOfAge($0) }.min()
        let wait = young.map { min(max($0.timeIntervalSinceNow.rounded(.up), 1), 3600) } ?? 60
        return SgloradError(
            .busy,
            "Your adapters take \(SizeText.text(bytes)) bytes and may take \(SizeText.text(share)), and none of "
                + "them can go now: they are pinned, in use or too young to be evicted. Unpin or remove some with "
                + "'sglorad-ctl adapter', or wait.",
            parameters: [
                "retryAfter": .double(wait),
                "reason": .string("the user's adapters take too much of the disk"),
            ])
    }
}
