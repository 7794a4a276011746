internal import Control
internal import ErrorModel
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration
internal import UnixSignals
internal import Varlink

/// Reloads the configuration on SIGHUP: log level, socket limits and groups; everything else needs a restart.
struct ReloadService: Service {
    let load: @Sendable () async throws -> DaemonOptions
    let server: VarlinkServer
    let access: Access
    let foundations: Foundations

    func run() async throws {
        let (logger, notifier, status) = (foundations.logger, foundations.notifier, foundations.status)
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            notifier.reloading()
            do {
                let options = try await load()
                access.policy = try AccessPolicy(
                    users: options.access.users, administrators: options.access.administrators, logger: logger
                )
                server.update(options.limits)
                foundations.threshold.level = options.logLevel
                status.phase("Serving")
                logger.notice("configuration reloaded", metadata: ["level": "\(options.logLevel)"])
            } catch {
                // The previous configuration stays in effect: a typo must not stop the daemon.
                status.phase("Serving with the previous configuration: the new one is wrong")
                logger.error(
                    "cannot reload the configuration; the previous one stays in effect",
                    metadata: ["error": "\(error)"])
            }
            notifier.ready()
        }
    }
}
