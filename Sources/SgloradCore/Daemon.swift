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

    /// Prepares a daemon.
    public init(options: DaemonOptions, environment: [String: String]) {
        self.options = options
        self.environment = environment
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Throws: `storageFailure` where the state directory or a database cannot be opened, `alreadyExists` where another
    ///   daemon serves the socket.
    public func run() async throws {
        let level = options.logLevel
        let logger = Logger(label: "sglorad") { label in
            var handler = JournalLogHandler(label: label)
            handler.logLevel = level
            return handler
        }
        let notifier = Notifier()
        let state = try StateDirectory(root: options.stateDirectory)
        let lock = try StateLock(state)
        defer { lock.release() }
        state.sweepTemporary()
        let pool = ComputePool(threads: options.workers + 2)
        let stores = try await OpenedStores.open(state, options: options.queue, logger: logger)
        let (cache, queue) = (stores.cache, stores.queue)
        let board = HealthBoard(stores.conditions)
        let encoders = EncoderProvider(
            folder: options.model, environment: environment, pool: pool, cache: cache)
        let libraries = LibraryKeeper(
            cache: cache, encoders: encoders, pool: pool, board: board, logger: logger)
        let inspector = CacheInspector(
            cache: cache, queue: queue, libraries: libraries, pool: pool, board: board,
            policy: options.cache.eviction, logger: logger)
        let pipeline = AdapterPipeline(cache: cache, encoders: encoders, libraries: libraries, pool: pool)
        let trainings = TrainingSupervisor(
            cache: cache, encoders: encoders, libraries: libraries, pool: pool, executable: options.trainer,
            logger: logger)
        let evaluations = EvaluationSupervisor(
            cache: cache, encoders: encoders, libraries: libraries, pool: pool, executable: options.trainer,
            logger: logger)
        let spool = SpoolKeeper(
            options.spool, queue: queue, cache: cache, libraries: libraries, pool: pool, board: board,
            logger: logger)
        let interface = ControlInterface(
            options: options, cache: cache, queue: queue, encoders: encoders, libraries: libraries,
            pipeline: pipeline,
            trainings: trainings, evaluations: evaluations, uploads: UploadStore(state: state, pool: pool),
            spool: spool, pool: pool, inspector: inspector,
            health: Health(
                board: board, state: state, cache: cache, queue: queue, encoders: encoders, pool: pool),
            startedAt: Date(),
            logger: logger)
        let server = VarlinkServer(
            address: try listenAddress(),
            information: ServiceInformation(
                vendor: SgloradRelease.vendor, product: "sglorad", version: SgloradRelease.version,
                url: "https://varlink.org"),
            interfaces: [interface], logger: logger)

        try await server.bind()
        _ = await spool?.takeIn()
        let control = ControlService(
            server: server, queue: queue, trainings: trainings, evaluations: evaluations, encoders: encoders,
            notifier: notifier,
            logger: logger,
            socket: options.socket)
        var configuration = ServiceGroupConfiguration(
            services: (0..<options.workers).map { _ in
                RequestWorker(queue: queue, pipeline: pipeline, logger: logger)
            } + (spool.map { [SpoolService(keeper: $0, queue: queue)] } ?? []) + [
                QueueKeeper(queue: queue, logger: logger),
                CacheKeeper(
                    inspector: inspector, verifyEvery: options.cache.verifyEvery, board: board, logger: logger
                ),
                control,
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .milliseconds(1500)
        configuration.maximumCancellationDuration = .milliseconds(300)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch {
            logger.error("the daemon ends with an error", metadata: ["error": "\(error)"])
            throw error
        }
        try? await queue.close()
        try? cache.close()
        await pool.shutdown()
        logger.info("stopped")
    }

    /// The socket that systemd passed, or the path.
    private func listenAddress() throws(SgloradError) -> ListenAddress {
        let passed = try SocketActivation.descriptors()
        guard passed.count <= 1 else {
            throw .invalidRequest(
                field: "LISTEN_FDS",
                reason: "passes \(passed.count) sockets; sglorad.socket must pass exactly one")
        }
        return passed.first.map { .descriptor($0.descriptor) } ?? .path(options.socket, mode: 0o660)
    }
}
