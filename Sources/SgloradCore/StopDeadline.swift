internal import Logging
internal import ServiceLifecycle

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Ends the daemon where something that cannot be interrupted keeps it from ending.
///
/// It is the last of the services, so that it is the first to hear of a stop.
struct StopDeadline: Service {
    let logger: Logger
    /// How long the daemon may take to end: some more than its services have until they are cancelled.
    var patience = Duration.milliseconds(1900)
    /// How long the databases may take to close then: they wait for whoever uses them, who may be what does not end.
    var closing = Duration.milliseconds(100)
    /// Ends the process with a status.
    var exit: @Sendable (Int32) -> Void = { _exit($0) }
    /// Closes the databases.
    let close: @Sendable () async -> Void

    func run() async throws {
        let status: Int32
        do {
            try await gracefulShutdown()
            status = 0
        } catch {
            // Cancelled without having been told to stop: another service failed.
            status = 1
        }
        // Not a child, which the group would wait for; where the daemon ends in time, this ends with it.
        Task {
            try? await Task.sleep(for: patience)
            await end(status)
        }
    }

    /// Ends the process without waiting for its threads.
    ///
    /// That is safe: what is cut off is as after a crash, for which every file and every commit is made. The workers were
    /// cancelled some time ago and have given their requests back; of one that could not, the next start does so.
    private func end(_ status: Int32) async {
        logger.warning("something does not let itself be stopped; the daemon ends without it")
        Task {
            await close()
            exit(status)
        }
        try? await Task.sleep(for: closing)
        exit(status)
    }
}
