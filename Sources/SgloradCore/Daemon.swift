internal import ControlProtocol
internal import DurableStorage
internal import ErrorModel
internal import ExpertCache
internal import Foundation
internal import IntentQueue
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration
internal import UnixSignals

/// The daemon: opens what it keeps, serves the socket, works on requests, and ends in order.
public struct Daemon: Sendable {
    private let options: DaemonOptions
    private let environment: [String: String]
    private let reload: @Sendable () async throws -> DaemonOptions

    /// Prepares a daemon.
    ///
    /// - Parameters:
    ///   - options: what it is told.
    ///   - environment: where the model is searched, by `HOME` and `XDG_CACHE_HOME`.
    ///   - reload: reads the options anew; called on SIGHUP.
    public init(
        options: DaemonOptions, environment: [String: String],
        reload: @escaping @Sendable () async throws -> DaemonOptions
    ) {
        self.options = options
        self.environment = environment
        self.reload = reload
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Throws: `storageFailure` where the state directory or a database cannot be opened, `alreadyExists` where another
    ///   daemon serves the socket.
    public func run() async throws {
        // Until the reload service listens for it, a hang-up must not end the daemon.
        signal(SIGHUP, SIG_IGN)
        let threshold = LogThreshold(options.logLevel)
        let logger = Logger(label: "sglorad") { JournalLogHandler(label: $0, threshold: threshold) }
        let notifier = Notifier()
        let start = StartProgress(notifier)
        let status = StatusLine(notifier)
        OpenFiles.allow(connections: options.limits.connections, logger: logger)
        let access = Access(try AccessPolicy(options.access, logger: logger))
        start.begin("Opening the databases")
        let state = try StateDirectory(
            root: options.stateDirectory,
            readers: try options.publishGroup.flatMap { (name) throws(SgloradError) in
                try AccessPolicy.group(name, key: "publish.group", logger)
            })
        let lock = try StateLock(state)
        defer { lock.release() }
        state.sweepTemporary()
        try state.openWayToAdapters()
        // What calls compute is kept apart from what requests need, so that neither waits for the other.
        let pool = ComputePool(threads: options.workers + 2)
        let callers = ComputePool(threads: max(2, options.workers))
        let tombstones = try Tombstones(state)
        let stores = try await OpenedStores.open(
            state, options: options.queue, tombstones: tombstones, start: start, logger: logger)
        let (cache, queue) = (stores.cache, stores.queue)
        let board = HealthBoard(stores.conditions)
        let encoders = EncoderProvider(
            folder: options.model, environment: environment, pool: pool, cache: cache)
        let libraries = LibraryKeeper(
            cache: cache, encoders: encoders, pool: pool, board: board, logger: logger)
        let metrics = DaemonMetrics()
        let inspector = CacheInspector(
            cache: cache, queue: queue, libraries: libraries, pool: pool, board: board,
            policy: options.cache.eviction, metrics: metrics, logger: logger)
        let share = DiskShare(inspector)
        let pipeline = AdapterPipeline(cache: cache, encoders: encoders, libraries: libraries, pool: pool)
        let trainings = TrainingSupervisor(
            cache: cache, encoders: encoders, libraries: libraries, pool: pool, executable: options.trainer,
            logger: logger)
        let evaluations = EvaluationSupervisor(
            cache: cache, encoders: encoders, libraries: libraries, pool: pool, executable: options.trainer,
            logger: logger)
        let spool = SpoolKeeper(
            options.spool, users: access.policy.users, queue: queue, cache: cache, libraries: libraries,
            share: share, pool: pool, board: board, logger: logger)
        let eraser = Eraser(
            queue: queue, cache: cache, spool: spool, tombstones: tombstones, pool: pool)
        let again = try await eraser.repeatAll()
        if again > 0 {
            logger.notice(
                "a backup had brought back what was forgotten; it is forgotten again",
                metadata: ["requestsAndAdapters": "\(again)"])
        }
        let health = Health(
            board: board, state: state, cache: cache, queue: queue, encoders: encoders, pool: pool)
        let interface = ControlInterface(
            options: options, cache: cache, queue: queue, encoders: encoders, libraries: libraries,
            pipeline: AdapterPipeline(cache: cache, encoders: encoders, libraries: libraries, pool: callers),
            trainings: trainings, evaluations: evaluations,
            uploads: UploadStore(state: state, pool: callers), eraser: eraser, pool: callers,
            inspector: inspector, share: share,
            health: SharedLook { try await health.look() },
            access: access, turns: UserTurns(limit: max(1, options.workers - 1)), metrics: metrics,
            startedAt: Date(),
            logger: logger)
        let server = VarlinkServer(
            address: try listenAddress(group: access.policy.users),
            information: ServiceInformation(
                vendor: SgloradRelease.vendor, product: "sglorad", version: SgloradRelease.version,
                url: "https://varlink.org"),
            interfaces: [interface], limits: options.limits, logger: logger)

        metrics.observe { server.counters }
        try await server.bind()
        start.begin("Taking in the spool")
        _ = await spool?.takeIn()
        let control = ControlService(
            server: server, queue: queue, trainings: trainings, evaluations: evaluations, encoders: encoders,
            notifier: notifier, status: status, logger: logger, socket: options.socket)
        let workers = WorkerBoard(workers: options.workers)
        let reloading = ReloadService(
            load: reload, server: server, access: access, threshold: threshold, notifier: notifier,
            status: status, logger: logger)
        // They are stopped in reverse, each when the one before it has ended. The workers come last: calls in flight are
        // to end within the server's drain, which must not begin only when each worker has ended its request.
        var services: [any Service] = []
        for number in 0..<options.workers {
            services.append(
                RequestWorker(
                    queue: queue, pipeline: pipeline, board: workers, number: number, metrics: metrics,
                    logger: logger))
        }
        if let spool { services.append(SpoolService(keeper: spool, queue: queue)) }
        services.append(QueueKeeper(queue: queue, cache: cache, logger: logger))
        services.append(
            CacheKeeper(
                inspector: inspector, verifyEvery: options.cache.verifyEvery, board: board, logger: logger))
        services.append(reloading)
        services.append(control)
        if let interval = notifier.watchdogInterval {
            services.append(
                WatchdogService(
                    notifier: notifier, interval: interval, board: workers,
                    queued: { try await queue.counts()[.queued] ?? 0 }, logger: logger))
        }
        services.append(
            StopDeadline(
                logger: logger,
                close: {
                    try? await queue.close()
                    try? cache.close()
                }))
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // Not maximumCancellationDuration, which ends in a crash: the deadline ends the daemon in order.
        configuration.maximumGracefulShutdownDuration = .milliseconds(1500)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            logger.error("the daemon ends with an error", metadata: ["error": "\(error)"])
            throw error
        }
        try? await queue.close()
        try? cache.close()
        await callers.shutdown()
        await pool.shutdown()
        logger.info("stopped")
    }

    /// The socket that systemd passed, or the path.
    private func listenAddress(group: UInt32?) throws(SgloradError) -> ListenAddress {
        let passed = try SocketActivation.descriptors()
        guard passed.count <= 1 else {
            throw .invalidRequest(
                field: "LISTEN_FDS",
                reason: "passes \(passed.count) sockets; sglorad.socket must pass exactly one")
        }
        return passed.first.map { .descriptor($0.descriptor) }
            ?? .path(options.socket, mode: 0o660, group: group)
    }
}
