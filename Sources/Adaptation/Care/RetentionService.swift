internal import ErrorModel
internal import Executors
internal import ExpertLibrary
internal import Files
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle

/// Applies retention: sweeps expired leases, texts, keys and rows from the queue, erases the labels of old adapters, and
/// drops old tombstones; also saves the service's time.
struct RetentionService: Service {
    /// The interval between sweeps: less than half of the minute within which an erased text must be gone
    /// from every file.
    static let pause = Duration.seconds(20)
    /// The interval at which tombstones beyond their horizon are dropped.
    static let tombstones = Duration.seconds(24 * 3600)

    let queue: RequestQueue
    let store: LibraryStore
    let tombstones: Tombstones
    let pool: ComputePool
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var nextExpiry = ContinuousClock.now
            while !Task.isCancelled {
                do {
                    try await queue.sweep()
                    try await store.adapters.settle()
                    try await store.adapters.eraseLabels(olderThan: queue.options.keepLabels)
                    try await store.truncateLogIfErased()
                    let time = queue.time
                    try await pool.run { () throws(SgloradError) in try time.saveIfDue() }
                    if ContinuousClock.now >= nextExpiry {
                        let tombstones = tombstones
                        try await pool.run { () throws(SgloradError) in try tombstones.expire() }
                        nextExpiry = ContinuousClock.now + Self.tombstones
                    }
                } catch {
                    logger.error("retention sweep failed", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
