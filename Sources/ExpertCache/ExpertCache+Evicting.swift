public import ErrorModel
public import Foundation
internal import GRDB

/// What an eviction did, or would do.
public struct Eviction: Sendable, Hashable {
    /// The adapters that went, least recently used first.
    public var evicted: [AdapterFootprint]
    /// Those that are left.
    public var kept: [AdapterFootprint]
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
        let all = try await footprints(of: uid)
        let open = Set(all.filter { requests.contains($0.request) }.map(\.id))
        var victims = policy.victims(among: all, protecting: open, now: now)
        if !dryRun, !victims.isEmpty {
            let claimed = uses.claim(victims.map(\.id))
            defer { uses.release(claimed) }
            // What was pinned before the claim stays; what is claimed can no more be pinned.
            let free = try await records(of: claimed).filter { !$0.isPinned }
            let removed = try await Set(remove(free).map(\.id))
            victims.removeAll { !removed.contains($0.id) }
        }
        let gone = Set(victims.map(\.id))
        return Eviction(evicted: victims, kept: all.filter { !gone.contains($0.id) })
    }

    /// The footprints of a user's adapters; of everybody's for nil.
    private func footprints(of uid: Int?) async throws(SgloradError) -> [AdapterFootprint] {
        let owner = uid == nil ? "" : "WHERE uid = ?"
        let arguments: StatementArguments = if let uid { [uid] } else { [] }
        return try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT \(AdapterFootprint.columns) FROM adapter \(owner)", arguments: arguments
            ).map(AdapterFootprint.init(row:))
        }
    }

    /// The adapters of some identifiers, as far as they are there.
    private func records(of ids: [String]) async throws(SgloradError) -> [AdapterRecord] {
        // SQLite takes a limited number of arguments; between the parts others have their turn.
        let part = 250
        var found: [AdapterRecord] = []
        for start in stride(from: 0, to: ids.count, by: part) {
            let some = Array(ids[start..<min(start + part, ids.count)])
            let records = try await read { db in
                try Self.adapters(
                    db, where: "id IN (\(databaseQuestionMarks(count: some.count)))",
                    StatementArguments(some))
            }
            found += records
        }
        return found
    }
}
