internal import Files
internal import Foundation
internal import GRDB
internal import Storage

/// One pass of an eviction within a transaction: chooses what ``EvictionPolicy`` says, from the sums of the users and from as
/// many rows as it evicts.
///
/// With nothing to evict it reads the sums and one row.
struct EvictionPass {
    let policy: EvictionPolicy
    /// The user whose adapters are considered, with those counted under the same account; nil for all.
    let owner: UserID?
    /// The requests whose adapters stay.
    let protected: Set<String>
    let accounts: UserAccounts?
    let now: ServiceTime.Moment

    /// What a pass has chosen so far.
    private struct Choice {
        /// The bytes of each account.
        var own: [UserID: Int] = [:]
        /// The bytes of all, of which each account counts for its share at most.
        var all = 0
        var victims: [AdapterFootprint] = []
        var chosen: Set<String> = []
    }

    private var share: Int { policy.maximumBytesPerUser ?? .max }

    private func account(of uid: UserID) -> UserID { accounts?.account(of: uid) ?? uid }

    /// What a pass has found.
    struct Result {
        /// The adapters to evict, least recently used first.
        var victims: [AdapterFootprint]
        /// The sums over all that are considered, before.
        var all: LibraryUsage
        /// Whether the sums in the database were not those of the rows.
        var hasDrifted = false
    }

    /// Chooses the adapters to evict.
    func choose(_ db: Database) throws -> Result {
        var usage = try AdapterUsage.all(db, of: owner, accounts: accounts)
        var choice = self.choice(usage)
        var hasDrifted = false
        if choice.all > policy.maximumBytes ?? .max || choice.own.values.contains(where: { $0 > share }) {
            let counted = try AdapterUsage.counted(db, of: owner == nil ? nil : usage.map(\.uid))
            hasDrifted = AdapterUsage.differ(usage, counted)
            usage = counted
            choice = self.choice(usage)
        }
        let users = owner == nil ? nil : usage.map(\.uid)
        if let maximumAge = policy.maximumAge {
            // In the order of use: the first that is young enough ends it.
            try visit(db, of: users, while: { now.age - ($0.usedAge ?? now.age) > maximumAge }) { adapter in
                take(adapter, &choice)
            }
        }
        if let most = policy.maximumBytesPerUser {
            for (account, bytes) in choice.own where bytes > most {
                let users = usage.map(\.uid).filter { self.account(of: $0) == account }
                try visit(db, of: users, while: { _ in choice.own[account, default: 0] > most }) { adapter in
                    take(adapter, &choice)
                }
            }
        }
        if let most = policy.maximumBytes {
            let guaranteed = policy.guaranteedBytesPerUser
            try visit(db, of: users, while: { _ in choice.all > most }) { adapter in
                let left = choice.own[account(of: adapter.uid), default: 0] - adapter.bytes
                if guaranteed == 0 || left >= guaranteed { take(adapter, &choice) }
            }
        }
        let total = LibraryUsage(
            count: usage.reduce(0) { $0 + $1.adapters }, bytes: usage.reduce(0) { $0 + $1.bytes })
        return Result(
            victims: choice.victims.sorted { ($0.usedAt, $0.id) < ($1.usedAt, $1.id) }, all: total,
            hasDrifted: hasDrifted)
    }

    /// Nothing chosen yet, of users with these sums.
    private func choice(_ usage: [AdapterUsage]) -> Choice {
        var choice = Choice()
        for row in usage { choice.own[account(of: row.uid), default: 0] += row.bytes }
        choice.all = choice.own.values.reduce(0) { $0 + min($1, share) }
        return choice
    }

    private func take(_ adapter: AdapterFootprint, _ choice: inout Choice) {
        guard choice.chosen.insert(adapter.id).inserted else { return }
        choice.victims.append(adapter)
        let owner = account(of: adapter.uid)
        let before = choice.own[owner, default: 0]
        let after = before - adapter.bytes
        choice.own[owner] = after
        choice.all -= min(before, share) - min(after, share)
    }

    /// Visits the adapters that may be evicted, least recently used first.
    ///
    /// - Parameters:
    ///   - users: whose adapters; nil for all.
    ///   - goesOn: asked before each adapter, also before one that must stay.
    private func visit(
        _ db: Database, of users: [UserID]?, while goesOn: (FootprintRow) -> Bool,
        _ body: (AdapterFootprint) -> Void
    ) throws {
        var rows = FootprintRow.filter(AdapterRow.Columns.isPinned == false)
            .filter(AdapterRow.Columns.publishedAs == nil)
            .order(AdapterAges.usedAge, AdapterRow.Columns.id)
        if let users {
            rows =
                users.count == 1
                ? rows.filter(AdapterRow.Columns.uid == users[0])
                : rows.filter(users.contains(AdapterRow.Columns.uid))
        }
        let cursor = try Row.fetchCursor(db, rows)
        while let row = try cursor.next() {
            // A row that cannot be decoded is for the verification to repair.
            guard let found = try? FootprintRow(row: row) else { continue }
            guard goesOn(found) else { return }
            let adapter = found.footprint(at: now)
            let moment = Date(timeIntervalSince1970: now.wall)
            guard !protected.contains(adapter.request), policy.comesOfAge(adapter) <= moment else { continue }
            body(adapter)
        }
    }
}
