internal import ErrorModel
internal import ExpertLibrary
internal import Foundation
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle

/// Applies retention: sweeps expired leases, texts, keys and rows from the queue, and erases the labels of
/// old adapters.
struct RetentionService: Service {
    /// The interval between sweeps: less than half of the minute within which an erased text must be gone
    /// from every file.
    static let pause = Duration.seconds(20)

    let queue: RequestQueue
    let store: LibraryStore
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await queue.sweep()
                    let age = queue.options.keepLabels.components.seconds
                    try await store.adapters.eraseLabels(before: Date(timeIntervalSinceNow: -Double(age)))
                } catch {
                    logger.error("retention sweep failed", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}
