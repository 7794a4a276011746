internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import IntentQueue
internal import Logging

/// The cache and the queue, open and in agreement with the disk, whatever a crash or a person did to them.
struct OpenedStores: Sendable {
    let cache: ExpertCache
    let queue: IntentQueue
    /// What was found and could not be mended.
    let conditions: [Wire.Condition]

    /// Opens both, and tells the service manager how far that is.
    ///
    /// A database that is damaged is moved aside with its log. The cache's rows are made again from the manifests, and files
    /// without rows are taken back or removed; requests that were begun come to their end or are given back.
    ///
    /// - Throws: `storageFailure` where the disk refuses.
    static func open(
        _ state: StateDirectory, options: QueueOptions, tombstones: Tombstones, start: StartProgress,
        logger: Logger
    ) async throws(SgloradError) -> OpenedStores {
        let damaged = DamagedStore(state)
        try putAsideIfDamaged(state.cacheDatabase, damaged, logger) {
            "The library and the results were made again from the files beside it."
        }
        try putAsideIfDamaged(state.queueDatabase, damaged, logger) {
            "Requests that had not ended are lost: ask again. It may hold their texts: remove it soon."
        }
        let cache = try ExpertCache(state)
        let queue = try IntentQueue(
            path: state.queueDatabase, options: options, keyFile: state.idempotencyKey)
        let isWanted = { @Sendable (adapter: AdapterRecord) async throws(SgloradError) -> Bool in
            // A backup may have brought back the folder of what was forgotten.
            guard !tombstones.contains(adapter.request) else { return false }
            guard let request = try await queue.request(adapter.request) else { return true }
            return !request.state.isFinal || request.adapter == adapter.id
        }
        // Empty, and not only missing: a start that was cut off may have made the file and no row.
        if try await cache.isEmpty() {
            start.begin("Making the library's rows again from the manifests")
            let rebuilt = try await cache.rebuild(isWanted: isWanted)
            if !rebuilt.isEmpty {
                logger.warning(
                    "cache.db was missing or damaged; its rows were made again from the manifests",
                    metadata: [
                        "bases": "\(rebuilt.bases)", "experts": "\(rebuilt.experts)",
                        "generators": "\(rebuilt.generators)", "adapters": "\(rebuilt.adapters)",
                    ])
            }
        }
        start.begin("Holding files and rows against each other")
        let found = try await cache.reconcile(isWanted: isWanted)
        found.log(to: logger)
        try await cache.adoptReferences()
        start.begin("Looking after the requests of the run before")
        try await queue.recover { (request) throws(SgloradError) in
            start.step()
            return try await cache.adapter(request: request)?.id
        }
        return OpenedStores(
            cache: cache, queue: queue, conditions: found.remaining.map(Wire.Condition.init(remaining:)))
    }

    /// Moves a database aside where it is damaged.
    private static func putAsideIfDamaged(
        _ path: String, _ damaged: DamagedStore, _ logger: Logger, consequence: () -> String
    ) throws(SgloradError) {
        guard let problem = try DatabaseHealth.problem(path: path) else { return }
        let item = try damaged.moveAside(
            DatabaseHealth.files(of: path), as: DurableFile.name(of: path),
            reason: "The database \(path) was damaged: \(problem). \(consequence())")
        logger.error(
            "a database is damaged and was moved aside",
            metadata: ["database": "\(path)", "problem": "\(problem)", "now": "\(item.path)"])
    }
}

extension CacheReconciliation {
    fileprivate func log(to logger: Logger) {
        for adapter in adopted {
            logger.notice(
                "an adapter that a crash had left without a row has one again",
                metadata: ["adapter": "\(adapter.id)", "request": "\(adapter.request)"])
        }
        for path in removed {
            logger.notice("what belonged to nothing was removed", metadata: ["path": "\(path)"])
        }
        for problem in repaired { problem.log(repaired: true, to: logger) }
        for problem in remaining { problem.log(repaired: false, to: logger) }
    }
}

extension Wire.Condition {
    /// A problem of the cache that nothing was done about.
    init(remaining problem: CacheProblem) {
        self.init(
            name: "cache/\(problem.name)", message: "\(problem.name): \(problem.path) \(problem.finding).",
            remedy: problem.remedy)
    }
}
