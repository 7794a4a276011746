internal import Executors

/// The thread pools for computation and file work, divided so that no kind of work waits for another.
struct Pools: Sendable {
    /// Requests, and what they need: the workers never fill it.
    let requests: ComputePool
    /// Callers' own computations, in turns.
    let callers: TurnPool
    /// Reading files for callers, in pieces of some hundred kilobytes.
    let files: ComputePool
    /// The spool's files, which wait for no encoding, and erasures: as many threads as can be in use.
    let spool: ComputePool
    /// Uploads and imports.
    let imports: ComputePool
    /// Refinements, which wait here for threads of low priority: one at a time.
    let refinements: ComputePool
    /// Work of minutes: verifications, and preparing trainings and evaluations.
    let care: ComputePool

    init(workers: Int) {
        requests = ComputePool(threads: workers + 2)
        callers = TurnPool(threads: max(2, workers))
        files = ComputePool(threads: 4)
        spool = ComputePool(threads: 3)
        imports = ComputePool(threads: 3)
        refinements = ComputePool(threads: 1)
        care = ComputePool(threads: 3)
    }

    /// Stops the threads once they are idle.
    func shutdown() async {
        await callers.shutdown()
        for pool in [files, spool, imports, refinements, care, requests] { await pool.shutdown() }
    }
}
