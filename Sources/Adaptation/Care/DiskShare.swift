internal import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Files
internal import Foundation

/// Limits each user to a share of the disk.
///
/// A user over the limit loses their own least recently used adapters, never another user's, and gets no new
/// ones if none can be evicted.
///
/// The share is checked when a request is accepted, so requests that are already open may exceed it.
package struct DiskShare: Sendable {
    private let inspector: LibraryInspector
    /// Serialises evictions per user: the first of many requests makes room for the others too.
    private let turns = UserTurns(limit: 1)

    package init(_ inspector: LibraryInspector) {
        self.inspector = inspector
    }

    /// The error that keeps a user from getting another adapter; nil if there is room.
    ///
    /// Evicts if necessary.
    ///
    /// - Parameters:
    ///   - uid: the user.
    ///   - needsNone: whether the request needs no room, so that nothing is evicted; called only if there is
    ///     none.
    func obstacle(
        for uid: UserID, unless needsNone: () async throws(SgloradError) -> Bool = { false }
    ) async throws(SgloradError) -> SgloradError? {
        guard let share = inspector.policy.maximumBytesPerUser,
            try await inspector.store.adapters.bytes(of: uid) >= share
        else { return nil }
        return try await turns.take(for: uid.rawValue) {
            () async throws(SgloradError) -> SgloradError? in
            try await makeRoom(for: uid, share, unless: needsNone)
        }
    }

    /// Evicts until a user has room for one more adapter.
    ///
    /// - Returns: the error if there is still no room, otherwise nil.
    private func makeRoom(
        for uid: UserID, _ share: Int, unless needsNone: () async throws(SgloradError) -> Bool
    ) async throws(SgloradError) -> SgloradError? {
        // An earlier request may have made room meanwhile.
        guard try await inspector.store.adapters.bytes(of: uid) >= share else { return nil }
        if try await needsNone() { return nil }
        // Evict to below the share: a user exactly at it has no room.
        var policy = inspector.policy
        policy.maximumBytesPerUser = share - 1
        _ = try await inspector.evict(policy, of: uid)
        // Read again, because other requests may have changed it meanwhile.
        let bytes = try await inspector.store.adapters.bytes(of: uid)
        guard bytes >= share else { return nil }
        let young = try await inspector.store.adapters.oldest(of: uid)?.addingTimeInterval(policy.minimumAge)
        let wait = young.map { min(max($0.timeIntervalSinceNow.rounded(.up), 1), 3600) } ?? 60
        return SgloradError(
            .busy,
            "Your adapters take \(SizeText.text(bytes)) bytes of the \(SizeText.text(share)) you may use, "
                + "and none of them can be evicted now: they are pinned, in use or too young. Unpin or remove "
                + "some with 'sglorad-ctl adapter', or wait.",
            parameters: [
                "retryAfter": .double(wait),
                "reason": .string("the user's adapters exceed their share of the disk"),
            ])
    }
}
