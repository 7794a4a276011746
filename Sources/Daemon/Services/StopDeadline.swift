internal import Glibc
internal import Logging
internal import ServiceLifecycle

/// Forces the process to exit if something uninterruptible keeps the daemon from stopping.
///
/// It is the last service in the group, so it is the first to be told to stop.
struct StopDeadline: Service {
    let logger: Logger
    /// How long the daemon may take to stop: slightly longer than the group's graceful shutdown, after which
    /// it cancels its services.
    var patience = Duration.milliseconds(1900)
    /// How long closing the databases may then take.
    ///
    /// Closing waits for their users, one of which may be what hangs.
    var closing = Duration.milliseconds(100)
    /// Exits the process with a status.
    var exit: @Sendable (Int32) -> Void = { _exit($0) }
    let close: @Sendable () async -> Void

    func run() async throws {
        let status: Int32
        do {
            try await gracefulShutdown()
            status = 0
        } catch {
            // Cancelled without being told to stop: another service failed.
            status = 1
        }
        // Unstructured, because the group would wait for a child task. If the daemon stops in time, the task
        // dies with the process.
        Task {
            try? await Task.sleep(for: patience)
            await end(status)
        }
    }

    /// Exits the process without waiting for its threads.
    ///
    /// This is safe: the state on disk is as after a crash, which all files and commits are designed for. The
    /// workers have been cancelled and have requeued their requests; the next start requeues the rest.
    private func end(_ status: Int32) async {
        logger.warning("shutdown deadline exceeded; exiting without waiting for the remaining work")
        Task {
            await close()
            exit(status)
        }
        try? await Task.sleep(for: closing)
        exit(status)
    }
}
