package import ErrorModel
package import Executors
package import ExpertLibrary
package import Files
package import IntentQueue
package import Logging
internal import Storage

/// Verifies the library and the adapters, and evicts adapters, on request and periodically.
package struct LibraryInspector: Sendable {
    /// The age in seconds from which a file can count as unreferenced: a running import or training writes
    /// its files before its row.
    static let leastAge = 3600.0

    let store: LibraryStore
    let queue: RequestQueue
    let snapshots: LibrarySnapshots
    let pool: ComputePool
    let board: HealthBoard
    package let policy: EvictionPolicy
    let metrics: DaemonMetrics
    let logger: Logger
    /// Verifications read the whole disk, so they run one after the other.
    private let verifications = UserTurns(limit: 1)

    package init(
        store: LibraryStore, queue: RequestQueue, snapshots: LibrarySnapshots, pool: ComputePool,
        board: HealthBoard, policy: EvictionPolicy, metrics: DaemonMetrics, logger: Logger
    ) {
        self.store = store
        self.queue = queue
        self.snapshots = snapshots
        self.pool = pool
        self.board = board
        self.policy = policy
        self.metrics = metrics
        self.logger = logger
    }

    /// Reads every file and both databases, and reports problems.
    ///
    /// - Parameter repairing: whether to repair what can be repaired, and to quarantine what is damaged.
    /// - Returns: what was read, and each problem with whether it was repaired.
    /// - Throws: `storageFailure`; `cancelled` if the task was cancelled, and then nothing is repaired or
    ///   reported.
    package func verify(
        repairing: Bool
    ) async throws(SgloradError) -> (
        looked: LibraryVerification, problems: [(LibraryProblem, repaired: Bool)]
    ) {
        try await verifications.take(for: 0) {
            () async throws(SgloradError) -> (LibraryVerification, [(LibraryProblem, repaired: Bool)]) in
            try await verifyNow(repairing: repairing)
        }
    }

    private func verifyNow(
        repairing: Bool
    ) async throws(SgloradError) -> (LibraryVerification, [(LibraryProblem, repaired: Bool)]) {
        let inventory = try await store.integrity.inventory()
        let state = store.state
        var looked = try await pool.verify(inventory, in: state, minimumAge: Self.leastAge)
        looked.problems += try await store.integrity.databaseProblems()
        looked.problems += try await queue.problems().map {
            LibraryProblem(database: state.queueDatabase, finding: $0)
        }
        // Ignore what was removed or added while the files were read.
        let now = try await store.integrity.inventory()
        looked.problems.removeAll { !now.concerns($0, in: state) }
        if looked.problems.contains(where: { $0.subject == .database }) { store.integrity.noteDamage() }
        var problems: [(LibraryProblem, repaired: Bool)] = []
        for problem in looked.problems {
            let repaired = try await store.changes.pass { () async throws(SgloradError) in
                repairing ? try await repair(problem) : false
            }
            if repaired { await changed(problem) }
            problems.append((problem, repaired))
            problem.log(repaired: repaired, to: logger)
        }
        for old in board.all where old.name.hasPrefix("cache/") { board.clear(old.name) }
        for (problem, repaired) in problems where !repaired {
            board.raise(Condition(remaining: problem, owner: await owner(of: problem)))
        }
        return (looked, problems)
    }

    private func repair(_ problem: LibraryProblem) async throws(SgloradError) -> Bool {
        guard problem.subject == .database, problem.path == store.state.queueDatabase else {
            return try await store.integrity.repair(problem)
        }
        return try await queue.rebuildIndexes()
    }

    /// How many adapters are looked at in one go.
    private static let slice = 256

    /// Examines what the start has left to be examined: both databases by connections of their own, every row, and whether every
    /// file is there; some at a time, so that requests pass in between.
    ///
    /// - Throws: `storageFailure`; `cancelled` where the daemon stops meanwhile.
    func examine() async throws(SgloradError) {
        guard !store.integrity.isExamined else { return }
        let state = store.state
        var problems: [LibraryProblem] = []
        for path in [state.cacheDatabase, state.queueDatabase] {
            problems += try await pool.run { () throws(SgloradError) in
                try DatabaseHealth.problems(besideService: path)
            }.map { LibraryProblem(database: path, finding: $0) }
        }
        problems += try await presence(of: try await store.integrity.libraryInventory())
        var last: Int64 = 0
        while let some = try await store.integrity.adapterInventory(after: last, limit: Self.slice) {
            if Task.isCancelled { throw .cancelled("the daemon is stopping") }
            problems += try await presence(of: some.inventory)
            last = some.last
        }
        if problems.contains(where: { $0.subject == .database }) { store.integrity.noteDamage() }
        for problem in problems {
            let repaired = try await store.changes.pass { () async throws(SgloradError) in
                try await repair(problem)
            }
            problem.log(repaired: repaired, to: logger)
            if repaired {
                await changed(problem)
            } else {
                board.raise(Condition(remaining: problem, owner: await owner(of: problem)))
            }
        }
        store.integrity.endExamination()
    }

    private func presence(of inventory: LibraryInventory) async throws(SgloradError) -> [LibraryProblem] {
        let state = store.state
        return try await pool.run { () throws(SgloradError) in
            inventory.verify(state, depth: .presence, minimumAge: .infinity, orphans: false).problems
        }
    }

    /// The user whose adapter is affected; nil if it is none or has no row.
    private func owner(of problem: LibraryProblem) async -> UserID? {
        guard case .adapter(let id) = problem.subject else { return nil }
        return try? await store.adapters.find(id)?.uid
    }

    private func changed(_ problem: LibraryProblem) async {
        switch problem.subject {
        case .expert(let base, _), .reference(let base): await snapshots.invalidate(base)
        case .generator, .row: await snapshots.invalidateAll()
        case .adapter, .unreferenced, .database: break
        }
    }

    /// Evicts adapters of all users or of one, by the configured policy or another.
    package func evict(
        _ asked: EvictionPolicy? = nil, of uid: UserID? = nil, dryRun: Bool = false
    ) async throws(SgloradError) -> Eviction {
        let result = try await store.adapters.evict(
            asked ?? policy, of: uid, protectingRequests: try await queue.openRequestIDs(), dryRun: dryRun)
        if !dryRun {
            metrics.evicted(result.evicted)
            for adapter in result.evicted {
                logger.info(
                    "adapter evicted", metadata: ["adapter": "\(adapter.id)", "bytes": "\(adapter.bytes)"])
            }
            if uid == nil { checkSize(result) }
        }
        return result
    }

    private func checkSize(_ result: Eviction) {
        guard let most = policy.maximumBytes, result.kept.bytes > most else {
            return board.clear("cache-size")
        }
        board.raise(
            Condition(
                name: "cache-size",
                message: "The adapters take \(SizeText.text(result.kept.bytes)) bytes, over the limit of "
                    + "\(SizeText.text(most)): the rest is pinned, in use or too young to be evicted.",
                remedy: "Unpin or remove some, or raise cache.maximumBytes."))
    }
}

extension LibraryProblem {
    /// Logs the finding, the repair and the remedy.
    package func log(repaired: Bool, to logger: Logger) {
        logger.error(
            "\(name): \(path) \(finding)",
            metadata: ["done": "\(repaired ? repair ?? "nothing" : "nothing")", "remedy": "\(remedy)"])
    }
}

extension ComputePool {
    /// Verifies every file of an inventory.
    ///
    /// - Throws: `cancelled` if the task was cancelled, so that a partial result is never taken for a
    ///   complete one.
    package func verify(
        _ inventory: LibraryInventory, in state: StateDirectory, minimumAge: Double
    ) async throws(SgloradError) -> LibraryVerification {
        try await runInterruptible { (isCancelled) throws(SgloradError) -> LibraryVerification in
            let found = inventory.verify(
                state, depth: .content, minimumAge: minimumAge, isCancelled: isCancelled)
            if isCancelled() { throw .cancelled("the daemon is stopping") }
            return found
        }
    }
}
