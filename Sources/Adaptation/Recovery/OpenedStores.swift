package import ErrorModel
package import ExpertLibrary
package import Files
package import IntentQueue
package import Logging
internal import Storage

/// Observes the progress of start-up.
package protocol StartObserver: Sendable {
    /// A step begins; the text is shown to operators.
    func begin(_ what: String)
    /// There was progress within the step.
    func step()
}

/// The library and the queue, open and consistent with the disk after any crash, damage or manual change.
package struct OpenedStores: Sendable {
    package let store: LibraryStore
    package let queue: RequestQueue
    let tombstones: Tombstones
    /// Problems that could not be repaired.
    package let conditions: [Condition]

    /// Opens both.
    ///
    /// After an orderly stop since which nothing has changed, the examination is left to be made beside the service. Otherwise:
    /// a damaged database is quarantined with its log. Missing rows of the library are rebuilt from the
    /// manifests; files without rows are adopted or removed; requests that were running are finished or
    /// requeued.
    ///
    /// - Parameters:
    ///   - state: the directory.
    ///   - options: the queue's.
    ///   - horizon: how long tombstones are kept.
    ///   - accounts: under whom each user is counted.
    ///   - progress: told of each step, so that it can extend the service manager's timeout.
    ///   - logger: told what was repaired.
    /// - Throws: `storageFailure`.
    package static func open(
        _ state: StateDirectory, options: QueueOptions, keepingTombstones horizon: Duration,
        accounts: UserAccounts, progress: some StartObserver, logger: Logger
    ) async throws(SgloradError) -> OpenedStores {
        let reserve = DiskReserve(state)
        let wasReleased = reserve.releaseIfFull()
        defer { reserve.restore(wasReleased) }
        // Then databases and files are examined beside the service: see ``LibraryInspector/examine()``.
        let isAsLeft = try CleanStop(state).take()
        let time = try ServiceTime(state)
        let damaged = Quarantine(state)
        let losses = try QueueLosses(state, damaged, logger)
        progress.begin("Examining cache.db")
        let finding = isAsLeft ? .sound : try LibraryStore.examine(state)
        _ = try quarantineIfDamaged(
            state.cacheDatabase, finding, damaged, logger,
            consequence: "The library and the adapters were rebuilt from the files beside it.")
        progress.begin("Examining queue.db")
        let isQueueReplaced = try quarantineIfDamaged(
            state.queueDatabase, isAsLeft ? .sound : try RequestQueue.examine(state.queueDatabase), damaged,
            logger,
            consequence:
                "Open requests are lost: make them again. The file may hold their texts: remove it soon.")
        // The queue first: an earlier version kept the service's age there.
        let queue = try RequestQueue(
            path: state.queueDatabase, options: options, keyFile: state.idempotencyKey, time: time,
            accounts: accounts)
        losses.compare(queue, isReplaced: isQueueReplaced)
        let store = try LibraryStore(state, time: time, accounts: accounts, isAsLeft: isAsLeft)
        progress.begin("Reading the tombstones")
        let tombstones = try Tombstones(state, time: time, keeping: horizon, progress: progress)
        let isWanted = { @Sendable (adapter: AdapterRecord) async throws(SgloradError) -> Bool in
            // A restored backup may have brought back an erased adapter.
            guard !tombstones.contains(adapter.request) else { return false }
            guard let request = try await queue.request(adapter.request) else { return true }
            return !request.state.isFinal || request.adapter == adapter.id
        }
        // Check for empty, not missing: an interrupted start may have created the file without rows.
        if try await store.integrity.isEmpty() {
            progress.begin("Rebuilding the library from its manifests")
            let rebuilt = try await store.integrity.rebuild(isWanted: isWanted)
            if !rebuilt.isEmpty {
                logger.warning(
                    "cache.db was missing or damaged; its rows were rebuilt from the manifests",
                    metadata: [
                        "bases": "\(rebuilt.bases)", "experts": "\(rebuilt.experts)",
                        "generators": "\(rebuilt.generators)", "adapters": "\(rebuilt.adapters)",
                    ])
            }
        }
        if case .repaired = finding {
            for lost in try await store.integrity.adoptLost() {
                logger.warning(
                    "a row was lost with the damage and restored from its manifest",
                    metadata: ["row": "\(lost)"])
            }
        }
        // Published just before a crash: they may have been answered, so their rows do not wait.
        try await store.adapters.adopt(journalled: store.journalled, isWanted: isWanted)
        var found = LibraryReconciliation()
        if isAsLeft, try await store.integrity.hasEveryName() {
            store.integrity.owesExamination()
        } else {
            progress.begin("Reconciling files and rows")
            found = try await store.integrity.reconcile(isWanted: isWanted)
            found.log(to: logger)
        }
        try await store.references.adopt()
        // What a killed run had erased may still be in the log.
        try await store.truncateLog()
        progress.begin("Recovering the requests of the previous run")
        try await queue.recover { (requests) throws(SgloradError) in
            progress.step()
            return try await store.adapters.find(requests: requests)
        }
        // How a request ended with a journalled adapter is committed without a flush: after a power cut, `recover` repeats it.
        store.adapters.beforeSettling { () async throws(SgloradError) in try await queue.synchronise() }
        return OpenedStores(
            store: store, queue: queue, tombstones: tombstones,
            conditions: found.remaining.map { Condition(remaining: $0) })
    }

    /// Quarantines a database if its examination found it damaged; logs what was repaired.
    ///
    /// - Returns: whether it was moved away.
    private static func quarantineIfDamaged(
        _ path: String, _ finding: DatabaseFinding, _ damaged: Quarantine, _ logger: Logger,
        consequence: String
    ) throws(SgloradError) -> Bool {
        switch finding {
        case .sound: return false
        case .repaired(let repair):
            logger.error(
                "a damaged database was repaired", metadata: ["database": "\(path)", "repair": "\(repair)"])
            return false
        case .damaged(let problem):
            let item = try damaged.move(
                DatabaseHealth.files(of: path), as: Path.name(of: path),
                reason: "The database \(path) was damaged: \(problem). \(consequence)")
            logger.error(
                "a damaged database was quarantined",
                metadata: ["database": "\(path)", "problem": "\(problem)", "now": "\(item.path)"])
            return true
        }
    }
}

extension LibraryReconciliation {
    fileprivate func log(to logger: Logger) {
        for adapter in adopted {
            logger.notice(
                "an adapter without a row, left by a crash, was adopted",
                metadata: ["adapter": "\(adapter.id)", "request": "\(adapter.request)"])
        }
        for path in removed {
            logger.notice("an unreferenced file was removed", metadata: ["path": "\(path)"])
        }
        for problem in repaired { problem.log(repaired: true, to: logger) }
        for problem in remaining { problem.log(repaired: false, to: logger) }
    }
}
