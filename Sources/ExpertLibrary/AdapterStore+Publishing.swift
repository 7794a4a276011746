public import ErrorModel
public import Executors
internal import Files
internal import GRDB
internal import Storage
internal import Synchronization

/// Publishing adapters together, with as few flushes as their durability takes.
///
/// - Of small adapters the files are written in place, then all of them are appended to the journal with one flush, then their
///   rows are committed without one: until the journal is settled, a start would restore both.
/// - A large adapter is written and synchronised file by file, and its row is committed with a flush of its own.
extension AdapterStore {
    /// Publishes adapters; each that succeeds is durable and visible when the call returns.
    ///
    /// - Parameters:
    ///   - drafts: the adapters.
    ///   - pool: writes the files.
    /// - Returns: of each, in order, the published adapter, or why there is none; nothing of it is left then. A request that
    ///   already has an adapter gets no other.
    public func publish(
        _ drafts: [AdapterDraft], on pool: ComputePool
    ) async -> [Result<AdapterRecord, SgloradError>] {
        guard drafts.allSatisfy(\.isSmall) else {
            var results: [Result<AdapterRecord, SgloradError>] = []
            for draft in drafts {
                results +=
                    draft.isSmall ? await publish([draft], on: pool) : [await publishLarge(draft, on: pool)]
            }
            return results
        }
        let written = await write(drafts, on: pool)
        let records = written.compactMap { try? $0.get() }
        do throws(SgloradError) {
            let isJournalled = try await makeDurable(records, on: pool)
            let failures = try await insert(records.map(\.adapter), isJournalled: isJournalled)
            if journal.isDue { settleSoon() }
            return await conclude(written, failures)
        } catch {
            let failures = Dictionary(uniqueKeysWithValues: records.map { ($0.adapter.id, error) })
            return await conclude(written, failures)
        }
    }

    private func publishLarge(
        _ draft: AdapterDraft, on pool: ComputePool
    ) async -> Result<AdapterRecord, SgloradError> {
        do throws(SgloradError) {
            let record = try await pool.run { () throws(SgloradError) in try write(draft) }
            try await insert(record)
            return .success(record)
        } catch {
            return .failure(error)
        }
    }

    /// Writes the files of small adapters, without a flush.
    private func write(
        _ drafts: [AdapterDraft], on pool: ComputePool
    ) async -> [Result<JournalRecord, SgloradError>] {
        do throws(SgloradError) {
            return try await pool.run { [folders] in
                drafts.map { draft in
                    Result { () throws(SgloradError) in
                        let (record, manifest) = try folders.write(draft, synchronising: false)
                        let contents = Dictionary(
                            draft.files.map { ($0.name, $0.contents) },
                            uniquingKeysWith: { first, _ in first })
                        return JournalRecord(
                            adapter: record, manifest: manifest,
                            contents: record.files.map { contents[$0.name] ?? [] })
                    }
                }
            }
        } catch {
            return drafts.map { _ in .failure(error) }
        }
    }

    /// Makes written adapters durable: in the journal, or where it has no room or fails, file by file.
    ///
    /// - Returns: whether they are in the journal.
    private func makeDurable(
        _ records: [JournalRecord], on pool: ComputePool
    ) async throws(SgloradError) -> Bool {
        guard !records.isEmpty else { return true }
        do throws(SgloradError) {
            if try await journal.append(records) { return true }
        } catch {
            settleSoon()
        }
        try await pool.run { [folders] () throws(SgloradError) in
            try folders.synchronise(records.map(\.adapter))
        }
        return false
    }

    /// Commits the rows of adapters, each by itself where one is refused.
    ///
    /// - Returns: why adapters have no row, by their identifiers.
    private func insert(
        _ adapters: [AdapterRecord], isJournalled: Bool
    ) async throws(SgloradError) -> [String: SgloradError] {
        guard !adapters.isEmpty else { return [:] }
        let (age, path) = (resources.time.now.age, resources.state.cacheDatabase)
        let body = { @Sendable (db: Database) throws -> [String: SgloradError] in
            var failures: [String: SgloradError] = [:]
            for adapter in adapters {
                do {
                    try db.inSavepoint {
                        try AdapterRow.insert(adapter, AdapterAges(published: age), db)
                        return .commit
                    }
                } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
                    failures[adapter.id] = .storageFailure(
                        path, "the request already has an adapter.", cause: error)
                }
            }
            return failures
        }
        return isJournalled ? try await database.writeDeferred(body) : try await database.write(body)
    }

    /// Removes what failed.
    private func conclude(
        _ written: [Result<JournalRecord, SgloradError>], _ failures: [String: SgloradError]
    ) async -> [Result<AdapterRecord, SgloradError>] {
        if !failures.isEmpty {
            let failed = written.compactMap { try? $0.get().adapter }.filter { failures[$0.id] != nil }
            // Where that fails, a start may find them in the journal, and decides by their requests.
            try? await settle(ifAnyOf: failed.map(\.id))
            await resources.files.run { [folders] in for adapter in failed { folders.remove(adapter) } }
        }
        return written.map { result in
            result.map(\.adapter).flatMap { adapter in
                failures[adapter.id].map { .failure($0) } ?? .success(adapter)
            }
        }
    }

    // MARK: The journal

    /// Makes the files of the adapters that were published a moment ago durable, and empties the journal; call it at least twice
    /// a minute, and before the daemon ends.
    ///
    /// - Throws: `storageFailure`; nothing is lost then, and the next call tries again.
    public func settle() async throws(SgloradError) {
        try await journal.settle(on: resources.files) {
            [database, dependants] () async throws(SgloradError) in
            try await database.synchronise()
            try await dependants.synchronise()
        }
    }

    /// Whether all of some adapters are in the journal: a start would restore them, with what is told by ``beforeSettling(_:)``.
    public func isJournalled(_ ids: some Sequence<String>) -> Bool { journal.holdsAll(ids) }

    /// Says what else must be durable before the journal is emptied, such as that a request has ended with its adapter.
    ///
    /// - Parameter synchronise: makes it durable.
    public func beforeSettling(_ synchronise: @escaping @Sendable () async throws(SgloradError) -> Void) {
        dependants.add(synchronise)
    }

    /// Settles the journal if it holds one of some adapters, which are about to be changed or removed.
    func settle(ifAnyOf ids: [String]) async throws(SgloradError) {
        if journal.holds(ids) { try await settle() }
    }

    /// Settles the journal behind what is being published.
    private func settleSoon() {
        let isCalled = journal.isSettlingCalled.withLock { isCalled in
            defer { isCalled = true }
            return isCalled
        }
        guard !isCalled else { return }
        // Unstructured: whoever publishes does not wait for it. Where it fails, the next one tries again.
        Task { try? await settle() }
    }

    /// Gives the adapters their rows that an earlier run had published and left in the journal, where they have none.
    ///
    /// - Parameters:
    ///   - journalled: the adapters, whose files are complete.
    ///   - isWanted: as for ``LibraryIntegrity/reconcile(isWanted:)``.
    /// - Throws: `storageFailure`.
    public func adopt(
        journalled: [AdapterRecord], isWanted: @Sendable (AdapterRecord) async throws(SgloradError) -> Bool
    ) async throws(SgloradError) {
        for adapter in journalled {
            guard try await find(request: adapter.request) == nil, try await isWanted(adapter) else {
                continue
            }
            try await adopt(adapter)
        }
    }
}

/// What relies on the journal until it is durable itself.
final class JournalDependants: Sendable {
    typealias Synchronise = @Sendable () async throws(SgloradError) -> Void

    private let all = Mutex<[Synchronise]>([])

    func add(_ synchronise: @escaping Synchronise) { all.withLock { $0.append(synchronise) } }

    func synchronise() async throws(SgloradError) {
        for synchronise in all.withLock({ $0 }) { try await synchronise() }
    }
}

extension AdapterDraft {
    /// Whether it is small enough for the journal, so that many are published together.
    public var isSmall: Bool { files.reduce(0) { $0 + $1.contents.count } <= AdapterJournal.largestAdapter }
}
