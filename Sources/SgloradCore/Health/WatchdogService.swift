internal import ErrorModel
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration

/// Tells the service manager that the daemon works: only while the workers make progress or have nothing to do.
///
/// Each time it asks the queue first, through its actor and its database, so that what hangs there is not called healthy.
struct WatchdogService: Service {
    let notifier: Notifier
    let interval: Duration
    let board: WorkerBoard
    /// How many requests wait to be taken.
    let queued: @Sendable () async throws -> Int
    let logger: Logger
    var patience = WorkerBoard.patience

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var saidWhy = false
            while !Task.isCancelled {
                // A queue that answers with an error is a disk in trouble, which a restart does not mend.
                let waiting = (try? await queued()) ?? 0
                if let reason = board.standstill(queued: waiting, patience: patience) {
                    if !saidWhy {
                        logger.critical("the watchdog is not fed", metadata: ["reason": "\(reason)"])
                    }
                    saidWhy = true
                } else {
                    notifier.watchdog()
                    saidWhy = false
                }
                try? await Task.sleep(for: interval / 2)
            }
        }
    }
}
