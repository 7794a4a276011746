internal import Adaptation
internal import ErrorModel
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration

/// Feeds the service manager's watchdog, but only while the workers make progress or have nothing to do.
///
/// It queries the queue first, through its actor and its database, so that a hang there also starves the
/// watchdog.
struct WatchdogService: Service {
    let notifier: Notifier
    let interval: Duration
    let board: WorkerBoard
    /// The number of queued requests.
    let queued: @Sendable () async throws -> Int
    let logger: Logger
    var patience = WorkerBoard.patience

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var saidWhy = false
            while true {
                // First the wait: the manager counts from the moment at which the daemon reports that it is ready.
                try? await Task.sleep(for: interval / 2)
                guard !Task.isCancelled else { return }
                // An error from the queue is a disk problem, which a restart would not solve.
                let waiting = (try? await queued()) ?? 0
                if let reason = board.standstill(queued: waiting, patience: patience) {
                    if !saidWhy {
                        logger.critical(
                            "no progress; watchdog notifications are withheld",
                            metadata: ["reason": "\(reason)"])
                    }
                    saidWhy = true
                } else {
                    notifier.watchdog()
                    saidWhy = false
                }
            }
        }
    }
}
