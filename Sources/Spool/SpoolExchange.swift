public import ErrorModel
public import Executors
public import Files
public import Logging

/// Where the spool is, and its retention.
public struct SpoolOptions: Sendable, Hashable {
    /// The absolute path of the folder; nil for a daemon without a spool.
    public var directory: String?
    /// The retention of results.
    public var keepResults: Duration
    /// The retention of rejected files; zero keeps only their reasons, for as long as results.
    public var keepRejected: Duration

    /// Makes options; both retentions are seven days by default.
    public init(
        directory: String? = nil, keepResults: Duration = .seconds(7 * 24 * 3600),
        keepRejected: Duration = .seconds(7 * 24 * 3600)
    ) {
        self.directory = directory
        self.keepResults = keepResults
        self.keepRejected = keepRejected
    }
}

/// The spool of a running daemon: takes intents in, delivers results, applies the retention and erases users' data.
///
/// The folder is opened when it is first needed, and again whenever another folder has taken its path. Intake, delivery,
/// retention and ``exclusively(_:)`` exclude each other, so that nothing is taken in or delivered while it is being erased.
public actor SpoolExchange {
    private let options: SpoolOptions
    private let directory: String
    private let users: UInt32?
    private let backend: any SpoolBackend
    private let pool: ComputePool
    private let report: @Sendable (SgloradError?) -> Void
    private let logger: Logger
    private nonisolated let turns = UserTurns(limit: 1)
    private var open: OpenSpool?
    private var retention = RetentionSchedule()
    private var warned = WarnedUsers()
    private var failures = OutstandingFailures()
    /// Rings when files may have arrived.
    ///
    /// ``takeIn()`` is to be called then, and from time to time.
    public nonisolated let arrivals = Bell()

    /// Makes the exchange of a folder that is not opened yet; nil if the options name none.
    ///
    /// - Parameters:
    ///   - options: the folder and its retention.
    ///   - users: the group that may drop files into folders created here; nil for the daemon's own user only.
    ///   - backend: the queue and what else is behind the spool.
    ///   - pool: the threads on which files are read and written.
    ///   - report: is called with the most important failure at the moment whenever an activity fails, and again when it
    ///     recovers; then with nil if nothing else fails.
    ///   - logger: the destination of log messages.
    public init?(
        _ options: SpoolOptions, users: UInt32?, backend: any SpoolBackend, pool: ComputePool,
        report: @escaping @Sendable (SgloradError?) -> Void, logger: Logger
    ) {
        guard let directory = options.directory else { return nil }
        self.options = options
        self.directory = directory
        self.users = users
        self.backend = backend
        self.pool = pool
        self.report = report
        self.logger = logger
    }

    /// Runs `body` while neither intake, delivery nor retention runs.
    ///
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    public nonisolated func exclusively<T: Sendable>(
        _ body: () async throws(SgloradError) -> T
    ) async throws(SgloradError) -> T {
        try await turns.take(for: 0, body)
    }

    /// Takes in as many files as there is room for.
    ///
    /// - Returns: whether files wait for room or for their writers, so that the call should be repeated soon.
    public nonisolated func takeIn() async -> Bool {
        let again = try? await exclusively { () async throws(SgloradError) in await self.intake() }
        return again ?? false
    }

    private func intake() async -> Bool {
        var seen: SpoolIntake.Outcome?
        await attempt(.intake) { (folder) async throws(SgloradError) in
            let outcome = try await SpoolIntake(
                folder: folder, backend: backend, pool: pool, keepsRejected: options.keepRejected > .zero
            ).pass()
            seen = outcome
            if let failure = outcome.failure { throw failure }
        }
        guard let outcome = seen else { return false }
        if outcome.accepted + outcome.rejected > 0 {
            logger.info(
                "spool files taken in",
                metadata: ["accepted": "\(outcome.accepted)", "rejected": "\(outcome.rejected)"])
        }
        return outcome.isWaiting || outcome.unsettled > 0
    }

    /// Writes the results that are not delivered yet.
    public nonisolated func deliver() async {
        try? await exclusively { () async throws(SgloradError) in await self.delivery() }
    }

    private func delivery() async {
        await attempt(.delivery) { (folder) async throws(SgloradError) in
            let outcome = try await SpoolDelivery(folder: folder, backend: backend, pool: pool).deliver()
            for user in warned.add(outcome.unreadable) { warn(user) }
            if outcome.delivered > 0 {
                logger.debug("results delivered", metadata: ["results": "\(outcome.delivered)"])
            }
            if let failure = outcome.failure { throw failure }
        }
    }

    /// Erases a user's data in the spool.
    ///
    /// Call it within ``exclusively(_:)``.
    ///
    /// - Returns: the number of results, and of other files without their reasons.
    /// - Throws: `storageFailure` if the spool cannot be opened.
    public func forget(
        _ erasure: SpoolErasure, of owner: UserID
    ) async throws(SgloradError) -> (results: Int, files: Int) {
        let folder = try await folder()
        return try await pool.run { () throws(SgloradError) in folder.forget(erasure, of: owner) }
    }

    /// Applies the retention, at most every ten minutes; a call before that does nothing.
    public nonisolated func age() async {
        try? await exclusively { () async throws(SgloradError) in await self.applyRetention() }
    }

    private func applyRetention() async {
        guard retention.begin() else { return }
        let (results, rejected) = (options.keepResults, options.keepRejected)
        await attempt(.retention) { (folder) async throws(SgloradError) in
            try await pool.run { () throws(SgloradError) in
                // If rejected files are not kept there are only reasons, which are kept as long as results.
                try folder.applyRetention(results: results, rejected: rejected > .zero ? rejected : results)
            }
        }
    }

    /// The open folder.
    ///
    /// It is opened again if another folder has taken its path.
    private func folder() async throws(SgloradError) -> SpoolFolder {
        let (known, directory, users) = (open, directory, users)
        let (arrivals, logger) = (arrivals, logger)
        open = nil
        do throws(SgloradError) {
            let current = try await pool.run { () throws(SgloradError) in
                if let known, known.folder.isCurrent { return known }
                return try OpenSpool(directory, users: users, arrivals: arrivals, logger: logger)
            }
            open = current
            return current.folder
        } catch {
            // A caller that went away says nothing about the folder: its watch stays.
            if error.code == .cancelled { open = known }
            throw error
        }
    }

    /// Runs an activity, and logs and reports its failure or recovery.
    private func attempt(
        _ activity: Activity, _ body: (SpoolFolder) async throws(SgloradError) -> Void
    ) async {
        do throws(SgloradError) {
            try await body(try await folder())
            if failures.clear(activity) { report(failures.first) }
        } catch {
            guard error.code != .cancelled else { return }
            if failures.record(error, of: activity) {
                logger.error("the spool has failed", metadata: ["error": "\(error)"])
            }
            report(failures.first)
        }
    }

    private func warn(_ user: UserID) {
        logger.warning(
            """
            a user cannot read the results in done/: the spool's file system does not support access lists, and only a \
            daemon that runs as root could change the files' owner; mount the file system with the option acl
            """, metadata: ["uid": "\(user)"])
    }
}
