internal import Adaptation
internal import Control
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration

/// The services that run concurrently until the daemon stops.
struct Services {
    private let group: ServiceGroup

    /// Services are stopped in reverse order, each after the next one has ended.
    ///
    /// The workers come first and so stop last: the server's drain must not have to wait for every worker to
    /// finish its request.
    init(
        _ options: DaemonOptions, _ stores: Stores, _ domain: Domain, _ doors: Doors,
        _ foundations: Foundations,
        access: Access, stop: StopSignals, reload: @escaping @Sendable () async throws -> DaemonOptions
    ) {
        let (queue, logger) = (domain.queue, foundations.logger)
        var services = domain.workers()
        if let spool = domain.spool { services.append(SpoolService(exchange: spool, endings: queue.endings)) }
        services += domain.caretakers(verifyEvery: options.cache.verifyEvery)
        services.append(
            ReloadService(
                load: reload, server: doors.server, access: access, foundations: foundations))
        services.append(UserAccountsService(accounts: foundations.accounts, logger: logger))
        services.append(
            SocketService(
                server: doors.server, domain: domain, foundations: foundations, socket: options.socket))
        if let interval = foundations.notifier.watchdogInterval {
            services.append(
                WatchdogService(
                    notifier: foundations.notifier, interval: interval, board: domain.workerBoard,
                    queued: { try await queue.counts()[.queued] ?? 0 }, logger: logger))
        }
        services.append(StopDeadline(logger: logger, close: { await stores.close() }))
        typealias Member = ServiceGroupConfiguration.ServiceConfiguration
        let members =
            services.map { Member(service: $0) } + [
                Member(service: stop, successTerminationBehavior: .gracefullyShutdownGroup)
            ]
        var configuration = ServiceGroupConfiguration(services: members, logger: logger)
        // Not maximumCancellationDuration, which would crash the process: StopDeadline exits in order.
        configuration.maximumGracefulShutdownDuration = .milliseconds(1500)
        group = ServiceGroup(configuration: configuration)
    }

    /// Runs until a signal or a failure.
    func run() async throws { try await group.run() }
}
