public import ErrorModel
internal import Executors
public import Files
public import Foundation
internal import GRDB
internal import Storage
internal import Synchronization

/// The published adapters: folders on the disk, and a row for each.
///
/// - There is at most one adapter for a request.
/// - A row is written after its folder and removed before it.
/// - An adapter is never evicted while it is pinned, published under a name or in use (``using(_:_:)``), and one that is being
///   evicted can be neither pinned, published nor used.
public struct AdapterStore: Sendable {
    let resources: LibraryResources
    let folders: AdapterFolders
    /// What was published a moment ago.
    let journal: AdapterJournal
    let dependants = JournalDependants()
    let uses = AdapterUses()
    /// Passed by whoever changes what a manifest says: each writes all of it.
    let marking = Turnstile()
    /// The changes of published names.
    public let nameChanges = NameChanges()
    private let accounts: UserAccounts?
    /// Which adapters' files were looked at in this run.
    let examined = ExaminedAdapters()

    init(_ resources: LibraryResources, _ journal: AdapterJournal, accounts: UserAccounts? = nil) {
        self.resources = resources
        self.journal = journal
        self.accounts = accounts
        folders = AdapterFolders(state: resources.state)
    }

    var database: LibraryDatabase { resources.database }

    // MARK: Publishing

    /// Writes an adapter's folder and manifest; blocks.
    ///
    /// ``insert(_:)`` then makes the adapter visible.
    ///
    /// - Throws: `storageFailure`; nothing is left behind then.
    public func write(_ draft: AdapterDraft) throws(SgloradError) -> AdapterRecord {
        try folders.write(draft, synchronising: true).record
    }

    /// Makes a written adapter visible.
    ///
    /// - Throws: `storageFailure`, also where the request already has an adapter; the folder is then removed.
    public func insert(_ adapter: AdapterRecord) async throws(SgloradError) {
        let age = resources.time.now.age
        do {
            try await database.write { db in
                try AdapterRow.insert(adapter, AdapterAges(published: age), db)
            }
        } catch {
            await resources.files.run { [folders] in folders.remove(adapter) }
            throw error
        }
    }

    /// Where an adapter's folder is.
    public func folder(of adapter: AdapterRecord) -> String { resources.state.folder(of: adapter) }

    // MARK: Finding

    /// Published adapters, newest first.
    ///
    /// - Parameters:
    ///   - uid: the user; nil for all users.
    ///   - base: the base model; nil for all.
    ///   - label: the label; nil for any label or none.
    ///   - limit: how many at most; nil for all.
    /// - Throws: `storageFailure`.
    public func all(
        of uid: UserID? = nil, base: String? = nil, label: String? = nil, limit: Int? = nil
    ) async throws(SgloradError) -> [AdapterRecord] {
        try await database.read { db in
            // Add only the conditions that are given: no index would serve one that may be void.
            var rows = AdapterRow.all()
            if let uid { rows = rows.filter(AdapterRow.Columns.uid == uid) }
            if let base { rows = rows.filter(AdapterRow.Columns.base == base) }
            if let label { rows = rows.filter(AdapterRow.Columns.label == label) }
            return try rows.fetchAdapters(db, limit: limit)
        }
    }

    /// The adapter of an identifier.
    ///
    /// - Throws: `storageFailure`.
    public func find(_ id: String) async throws(SgloradError) -> AdapterRecord? {
        try await whole(try await recorded(id))
    }

    /// An adapter, if its files are there; nil where they are not, which the examination after the start has not found out yet.
    private func whole(_ found: AdapterRecord?) async throws(SgloradError) -> AdapterRecord? {
        guard let found, !examined.covers(found.id) else { return found }
        let problem = await resources.files.run { [state = resources.state] in
            LibraryInventory(bases: [], experts: [], generators: [], adapters: [found])
                .verify(state, depth: .presence, minimumAge: .infinity, orphans: false).problems.first
        }
        guard let problem else {
            examined.add(found.id)
            return found
        }
        let repair = ProblemRepair(problem: problem, resources: resources, adapters: self)
        _ = try await examined.repair(found.id) { () async throws(SgloradError) in try await repair.run() }
        return try await recorded(found.id)
    }

    /// The adapter of an identifier, whether its files are there or not.
    ///
    /// - Throws: `storageFailure`.
    func recorded(_ id: String) async throws(SgloradError) -> AdapterRecord? {
        try await database.read { db in try AdapterRow.find(id, by: .id, db) }
    }

    /// The adapter that answers a request.
    ///
    /// - Throws: `storageFailure`.
    public func find(request: String) async throws(SgloradError) -> AdapterRecord? {
        try await whole(try await database.read { db in try AdapterRow.find(request, by: .request, db) })
    }

    /// The identifiers of the adapters that answer some requests, as far as there are any, by request.
    ///
    /// - Throws: `storageFailure`.
    public func find(requests: [String]) async throws(SgloradError) -> [String: String] {
        try await database.read { db in
            let rows = try AdapterRow.filter(requests.contains(AdapterRow.Columns.request))
                .select(AdapterRow.Columns.request, AdapterRow.Columns.id).asRequest(of: Row.self).fetchAll(
                    db)
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0] as String, $0[1] as String) })
        }
    }

    /// The bytes of a user's adapters, and of those of everybody who is counted under the same account.
    ///
    /// - Parameters:
    ///   - uid: the user.
    ///   - pinned: true for adapters alone that are pinned or published under a name.
    /// - Throws: `storageFailure`.
    public func bytes(of uid: UserID, pinned: Bool = false) async throws(SgloradError) -> Int {
        try await database.read { [accounts] db in
            try AdapterUsage.all(db, of: uid, accounts: accounts).reduce(0) {
                $0 + (pinned ? $1.pinnedBytes : $1.bytes)
            }
        }
    }

    // MARK: Using and pinning

    /// Runs `body` while the adapter cannot be evicted, and records the use.
    ///
    /// - Throws: `notFound` where the adapter is being evicted, else what `body` throws.
    public func using<T: Sendable>(
        _ adapter: AdapterRecord, _ body: () async throws -> T
    ) async throws -> T {
        guard uses.begin(adapter.id) else {
            throw SgloradError.notFound(
                "adapter", adapter.id, remedy: "It has just been evicted: request it again.")
        }
        defer { uses.end(adapter.id) }
        try await touch(adapter.id)
        return try await body()
    }

    /// Records that an adapter was used; a use within a minute of the last one is not recorded.
    ///
    /// - Throws: `storageFailure`.
    public func touch(_ id: String) async throws(SgloradError) {
        let now = resources.time.now
        let isDue = try await database.read { db in
            try !AdapterRow.identified(id).filter(AdapterAges.usedAge < now.age - 60).isEmpty(db)
        }
        guard isDue else { return }
        try await database.write { db in
            _ = try AdapterRow.identified(id).updateAll(
                db, AdapterRow.Columns.usedAt.set(to: now.wall), AdapterAges.usedAge.set(to: now.age))
        }
    }

    /// Pins an adapter, so that it is never evicted, or unpins it.
    ///
    /// - Parameters:
    ///   - id: the adapter.
    ///   - isPinned: whether it is pinned from now on.
    ///   - most: the most bytes that its owner may have pinned; nil for no limit.
    /// - Returns: the adapter as it is now; nil where there is none.
    /// - Throws: `busy` where its owner would have more pinned than that; `storageFailure`.
    public func pin(
        _ id: String, _ isPinned: Bool, atMost most: Int? = nil
    ) async throws(SgloradError) -> AdapterRecord? {
        guard uses.begin(id) else { return nil }
        defer { uses.end(id) }
        return try await marking.pass { () async throws(SgloradError) -> AdapterRecord? in
            guard var adapter = try await find(id) else { return nil }
            guard adapter.isPinned != isPinned else { return adapter }
            if isPinned { try await requireRoom(toKeep: adapter, atMost: most) }
            adapter.isPinned = isPinned
            let pinned = adapter
            try await settle(ifAnyOf: [id])
            try await rewriteManifest(of: pinned)
            let isThere = try await database.write { db in
                try AdapterRow.change(id, db) { $0.isPinned = isPinned }
            }
            if isThere { return pinned }
            // It was removed meanwhile: the manifest that was just written must not remain.
            await resources.files.run { [folders] in folders.remove(pinned) }
            return nil
        }
    }

    /// Refuses to keep an adapter from eviction if its owner would have more kept than they may.
    ///
    /// - Parameter most: how many bytes; nil for no limit.
    /// - Throws: `busy`; `storageFailure`.
    func requireRoom(toKeep adapter: AdapterRecord, atMost most: Int?) async throws(SgloradError) {
        guard let most, !adapter.isKept else { return }
        let kept = try await bytes(of: adapter.uid, pinned: true)
        guard kept + adapter.bytes <= most else { throw .tooManyPins(kept, adapter.bytes, most) }
    }

    // MARK: Eviction and removal

    /// Evicts adapters by a policy; adapters in use stay.
    ///
    /// - Parameters:
    ///   - policy: the limits.
    ///   - uid: the user whose adapters are considered; nil for all users.
    ///   - requests: the requests that are not final: their adapters stay.
    ///   - dryRun: true to remove nothing; the result then says what would be removed.
    /// - Throws: `storageFailure`.
    public func evict(
        _ policy: EvictionPolicy, of uid: UserID? = nil, protectingRequests requests: Set<String> = [],
        dryRun: Bool = false
    ) async throws(SgloradError) -> Eviction {
        let pass = EvictionPass(
            policy: policy, owner: uid, protected: requests, accounts: accounts, now: resources.time.now)
        let found = try await database.read { db in try pass.choose(db) }
        if found.hasDrifted { try await database.writeFreeing { db in try AdapterUsage.recompute(db) } }
        var (victims, kept) = (found.victims, found.all)
        if !dryRun, !victims.isEmpty {
            let claimed = uses.claim(victims.map(\.id))
            defer { uses.release(claimed) }
            // Adapters that were pinned or published before the claim stay; claimed ones can no longer be.
            let free = try await find(claimed).filter { !$0.isKept }
            let removed = try await Set(remove(free).map(\.id))
            victims.removeAll { !removed.contains($0.id) }
        }
        kept.count -= victims.count
        kept.bytes -= victims.reduce(0) { $0 + $1.bytes }
        return Eviction(evicted: victims, kept: kept)
    }

    /// When the first of a user's adapters that are neither pinned nor published under a name was made, of those counted under the same account: the time
    /// of the wall clock, counted back by its age; nil where there is none.
    ///
    /// - Throws: `storageFailure`.
    public func oldest(of uid: UserID) async throws(SgloradError) -> Date? {
        let now = resources.time.now
        return try await database.read { [accounts] db in
            let users = try AdapterUsage.all(db, of: uid, accounts: accounts).map(\.uid)
            let age = try AdapterRow.filter(users.contains(AdapterRow.Columns.uid))
                .filter(AdapterRow.Columns.isPinned == false).filter(AdapterRow.Columns.publishedAs == nil)
                .select(min(AdapterAges.createdAge), as: Double.self).fetchOne(db)
            return age.map { Date(timeIntervalSince1970: now.wall - max(0, now.age - $0)) }
        }
    }

    /// The adapters of some identifiers, as far as they exist.
    private func find(_ ids: [String]) async throws(SgloradError) -> [AdapterRecord] {
        // In parts: SQLite limits the number of arguments, and other calls get their turn in between.
        let part = 250
        var found: [AdapterRecord] = []
        for start in stride(from: 0, to: ids.count, by: part) {
            let some = Array(ids[start..<min(start + part, ids.count)])
            found += try await database.read { db in
                try AdapterRow.filter(some.contains(AdapterRow.Columns.id)).fetchAdapters(db)
            }
        }
        return found
    }

    /// Removes adapters: their rows first, then their manifests, then their folders; some at a time, so that on a full disk the
    /// room of the first serves the next.
    ///
    /// An interrupted removal leaves either the adapter as it was, to which the next start gives its row again, or remnants
    /// without a manifest, which it removes. No removed adapter is rebuilt from its manifest: they are gone for good when this
    /// returns.
    ///
    /// - Returns: those that existed and were removed.
    /// - Throws: `storageFailure`.
    @discardableResult
    public func remove(_ adapters: [AdapterRecord]) async throws(SgloradError) -> [AdapterRecord] {
        var removed: [AdapterRecord] = []
        for start in stride(from: 0, to: adapters.count, by: Self.removedAtOnce) {
            let some = Array(adapters[start..<min(start + Self.removedAtOnce, adapters.count)])
            // Else a crash would bring them back from the journal.
            try await settle(ifAnyOf: some.map(\.id))
            let ids = some.map(\.id)
            let (gone, hadNames) = try await database.writeFreeing { db in
                let named = AdapterRow.filter(ids.contains(AdapterRow.Columns.id))
                    .filter(AdapterRow.Columns.publishedAs != nil)
                let hadNames = try !named.isEmpty(db)
                return (try some.filter { try AdapterRow.identified($0.id).deleteAll(db) > 0 }, hadNames)
            }
            database.noteErasure()
            if hadNames { nameChanges.note() }
            do throws(SgloradError) {
                try await resources.files.run { [folders] () throws(SgloradError) in
                    try folders.removeManifests(of: some)
                }
            } catch {
                // The adapters are as they were: without their rows the next start would adopt them again.
                for adapter in gone { try? await adopt(adapter) }
                throw error
            }
            removed += gone
            await resources.files.run { [folders] in
                for adapter in some { folders.remove(adapter) }
            }
        }
        // A label must not outlive its adapter in the log; where that fails, the next sweep tries again.
        if removed.contains(where: { $0.label != nil }) { try? await database.truncateLog() }
        if !removed.isEmpty {
            await resources.files.run { [state = resources.state] in DiskReserve(state).ensure() }
        }
        return removed
    }

    /// How many adapters one transaction removes: few enough for the `DiskReserve`.
    private static let removedAtOnce = 32

    /// Removes the adapters that an expert guided.
    ///
    /// - Parameter expert: the expert's digest.
    /// - Returns: their identifiers.
    /// - Throws: `storageFailure`.
    public func remove(guidedBy expert: String) async throws(SgloradError) -> [String] {
        let adapters = try await database.read { db in
            let guided = AdapterExpertRow.filter(AdapterExpertRow.Columns.digest == expert)
                .select(AdapterExpertRow.Columns.adapter)
            return try AdapterRow.filter(guided.contains(AdapterRow.Columns.id)).fetchAdapters(db)
        }
        return try await remove(adapters).map(\.id)
    }

    /// Erases the labels of adapters that were published some time ago, from their manifests first, then from their rows and
    /// the write-ahead log; those that are published under a name keep theirs.
    ///
    /// - Returns: how many labels were erased.
    /// - Throws: `storageFailure`.
    @discardableResult
    public func eraseLabels(olderThan kept: Duration) async throws(SgloradError) -> Int {
        try await marking.pass { () async throws(SgloradError) in try await eraseLabelsNow(olderThan: kept) }
    }

    private func eraseLabelsNow(olderThan kept: Duration) async throws(SgloradError) -> Int {
        let limit = resources.time.now.age - kept.inSeconds
        let labelled = try await database.read { db in
            try AdapterRow.filter(AdapterRow.Columns.label != nil && AdapterAges.createdAge <= limit)
                .filter(AdapterRow.Columns.publishedAs == nil).fetchAdapters(db)
        }
        guard !labelled.isEmpty else { return 0 }
        try await settle(ifAnyOf: labelled.map(\.id))
        try await resources.files.run { [folders] () throws(SgloradError) in
            for adapter in labelled {
                var bare = adapter
                bare.label = nil
                try folders.writeManifest(of: bare)
            }
        }
        try await database.write { db in
            for adapter in labelled {
                try AdapterRow.change(adapter.id, db) { $0.label = nil }
            }
        }
        try await database.truncateLog()
        return labelled.count
    }

    // MARK: Recovery

    /// Writes the manifest of an adapter that has a row.
    func rewriteManifest(of adapter: AdapterRecord) async throws(SgloradError) {
        try await resources.files.run { [folders] () throws(SgloradError) in
            try folders.writeManifest(of: adapter)
        }
    }

    /// Adapters whose folder and manifest are complete, and which have no row.
    func orphans() async throws(SgloradError) -> [AdapterRecord] {
        let known = try await database.read { db in
            try AdapterRow.select(AdapterRow.Columns.id, as: String.self).fetchSet(db)
        }
        return await resources.files.run { [folders] in folders.complete(except: known) }
    }

    /// Gives an orphan its row.
    func adopt(_ orphan: AdapterRecord) async throws(SgloradError) {
        let time = resources.time
        let created = time.age(atWall: orphan.createdAt.timeIntervalSince1970)
        try await database.write { db in
            try AdapterRow.insert(orphan, AdapterAges(published: created), db)
        }
    }
}

extension SgloradError {
    /// A pin beyond what one user may have pinned.
    fileprivate static func tooManyPins(_ pinned: Int, _ more: Int, _ most: Int) -> SgloradError {
        SgloradError(
            .busy,
            "The adapter cannot be kept from eviction: \(pinned) bytes are pinned or published already, it has "
                + "\(more), and one user may have \(most) (cache.pinnedBytesPerUser). Unpin, unpublish or remove "
                + "another with 'sglorad-ctl adapter pin --off', 'adapter unpublish' or 'adapter remove'.",
            parameters: [
                "retryAfter": .double(3600),
                "reason": .string("the user's pinned adapters would exceed their limit"),
            ])
    }
}

/// Which adapters are in use, and which are being evicted; none is both.
final class AdapterUses: Sendable {
    private struct State {
        var readers: [String: Int] = [:]
        var evicted: Set<String> = []
    }

    private let state = Mutex(State())

    /// Begins a use; false where the adapter is being evicted.
    func begin(_ id: String) -> Bool {
        state.withLock { state in
            guard !state.evicted.contains(id) else { return false }
            state.readers[id, default: 0] += 1
            return true
        }
    }

    /// Ends a use.
    func end(_ id: String) {
        state.withLock { state in
            let readers = (state.readers[id] ?? 1) - 1
            state.readers[id] = readers > 0 ? readers : nil
        }
    }

    /// Claims adapters for eviction.
    ///
    /// - Returns: those that nobody uses; the caller releases them with ``release(_:)``.
    func claim(_ ids: [String]) -> [String] {
        state.withLock { state in
            let free = ids.filter { state.readers[$0] == nil && !state.evicted.contains($0) }
            state.evicted.formUnion(free)
            return free
        }
    }

    /// Releases a claim.
    func release(_ ids: [String]) {
        state.withLock { $0.evicted.subtract(ids) }
    }
}
