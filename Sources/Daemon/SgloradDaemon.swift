internal import Adaptation
internal import Control
internal import ErrorModel
internal import Files
internal import Logging
internal import ServiceLifecycle
internal import SystemdIntegration
internal import Varlink

/// The daemon: opens its stores, serves the socket and the spool, processes requests, and shuts down in
/// order.
///
/// Start-up builds, in this order: `Foundations`, `Stores`, the domain, `Doors`, `Services`.
public struct SgloradDaemon: Sendable {
    private let options: DaemonOptions
    private let environment: [String: String]
    private let reload: @Sendable () async throws -> DaemonOptions

    /// Prepares a daemon.
    ///
    /// - Parameters:
    ///   - options: its configuration.
    ///   - environment: the environment; `HOME` and `XDG_CACHE_HOME` say where to search for the model.
    ///   - reload: reads the configuration again; called on SIGHUP.
    public init(
        options: DaemonOptions, environment: [String: String],
        reload: @escaping @Sendable () async throws -> DaemonOptions
    ) {
        self.options = options
        self.environment = environment
        self.reload = reload
    }

    /// Runs until SIGTERM or SIGINT, which may also arrive during the start.
    ///
    /// - Throws: `storageFailure` if the state directory or a database cannot be opened, `alreadyExists` if
    ///   another daemon uses the state directory or serves the socket.
    public func run() async throws {
        let stop = try StopSignals()
        let foundations = Foundations(options)
        OpenFiles.allow(
            connections: options.limits.connections + options.limits.reservedForAdministrators,
            logger: foundations.logger)
        let access = Access(
            try AccessPolicy(
                users: options.access.users, administrators: options.access.administrators,
                logger: foundations.logger),
            accounts: foundations.accounts)
        let stores = try await Stores(options, foundations)
        defer { stores.lock.release() }
        do {
            try stop.check()
            let domain = try await domain(stores, access, foundations)
            try stop.check()
            let doors = try await Doors(options, domain, access, foundations)
            let services = Services(
                options, stores, domain, doors, foundations, access: access, stop: stop, reload: reload)
            // From here on the services stop in order, even if the signal has come already.
            stop.endStart()
            try await services.run()
            await stores.close()
            await domain.shutdown()
            stores.recordCleanStop()
        } catch is StopSignals.Requested {
            await stores.close()
            foundations.logger.info("stopped during the start")
            return
        } catch {
            foundations.logger.error("the daemon ends with an error", metadata: ["error": "\(error)"])
            throw error
        }
        foundations.logger.info("stopped")
    }

    /// Assembles the domain, repeats erasures that a restored backup has undone, and brings what is published to model servers
    /// up to date.
    private func domain(
        _ stores: Stores, _ access: Access, _ foundations: Foundations
    ) async throws(SgloradError) -> Domain {
        let publication = try options.publish.resolved()
        let router = publication.llamaServer?.socket.map { RouterDoor(socket: $0) }
        let domain = Domain(
            Domain.Options(
                workers: options.workers, model: options.model, precision: options.precision,
                users: access.policy.users,
                spool: options.spool, eviction: options.cache.eviction, executable: options.trainer,
                engine: options.engine,
                environment: environment, accounts: foundations.accounts, publication: publication,
                router: router),
            stores: stores.opened, logger: foundations.logger)
        let again = try await domain.eraser.repeatAll(progress: foundations.start)
        if again > 0 {
            foundations.logger.notice(
                "erased data had come back with a restored backup; it was erased again",
                metadata: ["requestsAndAdapters": "\(again)"])
        }
        await domain.publication.begin()
        return domain
    }
}

/// What every other part needs: the log and the connection to the service manager.
struct Foundations: Sendable {
    let threshold: LogThreshold
    let logger: Logger
    let notifier: Notifier
    let start: StartProgress
    let status: StatusLine
    /// Whom a user ID is counted as.
    let accounts: UserAccounts

    init(_ options: DaemonOptions) {
        let threshold = LogThreshold(options.logLevel)
        self.threshold = threshold
        logger = Logger(label: "sglorad") { JournalLogHandler(label: $0, threshold: threshold) }
        notifier = Notifier()
        start = StartProgress(notifier)
        status = StatusLine(notifier)
        accounts = UserAccounts(file: options.access.subordinateUsers)
    }
}
