internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import IntentQueue
internal import Logging

/// Verifies and evicts, for a person who asks and for the daemon itself.
struct CacheInspector: Sendable {
    /// A file must be this old, in seconds, before it counts as one that belongs to nothing: an import or a training that is
    /// going on writes its files before its row.
    static let leastAge = 3600.0

    let cache: ExpertCache
    let queue: IntentQueue
    let libraries: LibraryKeeper
    let pool: ComputePool
    let board: HealthBoard
    let policy: EvictionPolicy
    let metrics: DaemonMetrics
    let logger: Logger

    /// Reads everything there is and says what is wrong.
    ///
    /// - Parameter repairing: whether what can be mended is, and what is damaged moved aside.
    /// - Returns: what was looked at, and each problem with whether it was repaired.
    /// - Throws: `storageFailure` where a database refuses; `cancelled` where the task was cancelled meanwhile: nothing is
    ///   repaired or reported then.
    func verify(
        repairing: Bool
    ) async throws(SgloradError) -> (looked: CacheVerification, problems: [(CacheProblem, repaired: Bool)]) {
        let inventory = try await cache.inventory()
        let state = cache.state
        var looked = try await pool.verify(inventory, in: state, minimumAge: Self.leastAge)
        looked.problems += try await cache.databaseProblems()
        looked.problems += try await queue.problems().map {
            CacheProblem(database: state.queueDatabase, finding: $0)
        }
        // What went away or came while the files were read is no problem of the rows that are now.
        let now = try await cache.inventory()
        looked.problems.removeAll { !now.concerns($0, in: state) }
        var problems: [(CacheProblem, repaired: Bool)] = []
        for problem in looked.problems {
            let repaired = repairing ? try await cache.repair(problem) : false
            if repaired { await changed(problem) }
            problems.append((problem, repaired))
            problem.log(repaired: repaired, to: logger)
        }
        for old in board.all where old.name.hasPrefix("cache/") { board.clear(old.name) }
        for (problem, repaired) in problems where !repaired {
            board.raise(Wire.Condition(remaining: problem))
        }
        return (looked, problems)
    }

    private func changed(_ problem: CacheProblem) async {
        switch problem.subject {
        case .expert(let base, _), .reference(let base): await libraries.invalidate(base)
        case .generator: await libraries.invalidateAll()
        case .adapter, .unreferenced, .database: break
        }
    }

    /// Evicts adapters, by the configuration or by what was asked for; everybody's, or one user's.
    func evict(
        _ asked: EvictionPolicy? = nil, of uid: Int? = nil, dryRun: Bool = false
    ) async throws(SgloradError) -> Eviction {
        let result = try await cache.evict(
            asked ?? policy, of: uid, protectingRequests: try await queue.openRequests(), dryRun: dryRun)
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
        guard let most = policy.maximumBytes, result.keptBytes > most else {
            return board.clear("cache-size")
        }
        board.raise(
            Wire.Condition(
                name: "cache-size",
                message: "The adapters take \(SizeText.text(result.keptBytes)) bytes and may take "
                    + "\(SizeText.text(most)): what should go is pinned, in use or too young to be evicted.",
                remedy: "Unpin or remove some, or raise cache.maximumBytes."))
    }
}
