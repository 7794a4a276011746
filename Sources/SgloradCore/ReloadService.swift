internal import ControlProtocol
internal import ErrorModel
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration
internal import UnixSignals

/// Reads the configuration anew on SIGHUP: log level, limits of the socket and groups; the rest needs a restart.
struct ReloadService: Service {
    let load: @Sendable () async throws -> DaemonOptions
    let server: VarlinkServer
    let access: Access
    let threshold: LogThreshold
    let notifier: Notifier
    let status: StatusLine
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            notifier.reloading()
            do {
                let options = try await load()
                access.policy = try AccessPolicy(options.access, logger: logger)
                server.update(options.limits)
                threshold.level = options.logLevel
                status.phase("Serving")
                logger.notice("the configuration was read anew", metadata: ["level": "\(options.logLevel)"])
            } catch {
                // What held before holds on: a slip of the pen must not stop the daemon.
                status.phase("Serving, with the configuration from before: the new one is wrong")
                logger.error(
                    "the configuration cannot be read anew; the one from before holds",
                    metadata: ["error": "\(error)"])
            }
            notifier.ready()
        }
    }
}
