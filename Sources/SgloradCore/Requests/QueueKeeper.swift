internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle

/// Sweeps the queue from time to time: leases that ran out, what has aged, and the write-ahead log; and takes old labels off
/// adapters.
struct QueueKeeper: Service {
    /// Less than half of the minute within which an erased text must stand in no file.
    static let pause = Duration.seconds(20)

    let queue: IntentQueue
    let cache: ExpertCache
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await queue.sweep()
                    let age = queue.options.keepLabels.components.seconds
                    try await cache.eraseLabels(before: Date(timeIntervalSinceNow: -Double(age)))
                } catch {
                    logger.error("the queue cannot be swept", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
