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
/// retention and `exclusively(_:)` exclude each other, so that nothing is taken in or delivered while it is being erased.
public actor SpoolExchange {
    private nonisolated let options: SpoolOptions
    private let directory: String
    private let users: UInt32?
    private nonisolated let backend: any SpoolBackend
    private nonisolated let pool: ComputePool
    private let report: @Sendable (SgloradError?) -> Void
    private let logger: Logger
    private nonisolated let turns = FairTurns<Line>()
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

    /// What is to follow an intake.
    public enum Continuation: Sendable, Hashable {
        /// More files can be taken in at once.
        case immediately
        /// Files wait for room or for their writers; another intake is worthwhile after a moment.
        case soon
        /// Nothing waits.
        case none
    }

    /// Runs `body` while neither intake, delivery, retention nor an erasure runs; these take turns.
    private nonisolated func exclusively<T: Sendable>(
        _ line: Line, _ body: () async throws(SgloradError) -> T
    ) async throws(SgloradError) -> T {
        try await turns.take(in: line, body)
    }

    /// Takes in files for a fraction of a second, as far as there is room; their users take turns.
    ///
    /// - Returns: whether and when the call should be repeated.
    public nonisolated func takeIn() async -> Continuation {
        let next = try? await exclusively(.intake) { () async throws(SgloradError) in await self.intake() }
        return next ?? .none
    }

    private func intake() async -> Continuation {
        var seen: SpoolIntake.Outcome?
        await attempt(.intake) { (folder) async throws(SgloradError) in
            let outcome = try await SpoolIntake(
                folder: folder, backend: backend, pool: pool, keepsRejected: options.keepRejected > .zero
            ).pass()
            seen = outcome
            if let failure = outcome.failure { throw failure }
        }
        guard let outcome = seen else { return .none }
        if outcome.accepted + outcome.rejected > 0 {
            logger.info(
                "spool files taken in",
                metadata: ["accepted": "\(outcome.accepted)", "rejected": "\(outcome.rejected)"])
        }
        if outcome.isCut { return .immediately }
        return outcome.isWaiting || outcome.unsettled > 0 ? .soon : .none
    }

    /// Writes the results that are not delivered yet; files are taken in between the batches.
    public nonisolated func deliver() async {
        var sweep = SpoolDelivery.Sweep()
        while !sweep.isComplete {
            let current = sweep
            let next = try? await exclusively(.delivery) { () async throws(SgloradError) in
                await self.delivery(current)
            }
            guard let next = next ?? nil else { return }
            sweep = next
        }
    }

    /// Writes the next batch; nil if the backend or the folder has failed.
    private func delivery(_ sweep: SpoolDelivery.Sweep) async -> SpoolDelivery.Sweep? {
        do throws(SgloradError) {
            let folder = try await folder()
            let next = try await SpoolDelivery(folder: folder, backend: backend, pool: pool).step(sweep)
            for user in warned.add(next.outcome.unreadable) { warn(user) }
            guard next.isComplete else { return next }
            if next.outcome.delivered > 0 {
                logger.debug("results delivered", metadata: ["results": "\(next.outcome.delivered)"])
            }
            settle(.delivery, next.outcome.failure)
            return next
        } catch {
            settle(.delivery, error)
            return nil
        }
    }

    /// Erases a user's files that are not in the queue yet; files are taken in between the steps.
    ///
    /// When it returns, everything that was in the spool when it was called is erased, in the queue, or rejected.
    ///
    /// - Parameters:
    ///   - label: erases only intents with this label, and files that are no intents and hold it; nil erases everything.
    ///   - owner: the user.
    /// - Returns: what was erased.
    /// - Throws: `storageFailure` if the spool cannot be opened; `cancelled`.
    public nonisolated func forgetWaiting(
        label: String?, of owner: UserID
    ) async throws(SgloradError) -> SpoolErased {
        var erasure = WaitingErasure(label: label, of: owner)
        while !erasure.isComplete {
            let current = erasure
            erasure = try await exclusively(.erasure) { () async throws(SgloradError) in
                let folder = try await self.folder()
                return try await self.pool.run { () throws(SgloradError) in
                    var next = current
                    next.step(in: folder)
                    return next
                }
            }
        }
        return erasure.erased
    }

    /// Erases a user's results and rejected files.
    ///
    /// Call it once the requests are erased: no result of theirs is delivered after that.
    ///
    /// - Returns: what was erased.
    /// - Throws: `storageFailure` if the spool cannot be opened; `cancelled`.
    public nonisolated func forget(
        _ erasure: SpoolErasure, of owner: UserID
    ) async throws(SgloradError) -> SpoolErased {
        // Whoever writes results or rejects files at this moment finishes first.
        let folder = try await exclusively(.erasure) { () async throws(SgloradError) in
            try await self.folder()
        }
        return try await pool.run { () throws(SgloradError) in folder.forget(erasure, of: owner) }
    }

    /// Applies the retention, at most every ten minutes; a call before that does nothing.
    public nonisolated func age() async {
        guard await isRetentionDue() else { return }
        while let isComplete = try? await retain(), !isComplete {}
    }

    private func isRetentionDue() -> Bool { retention.begin() }

    /// Applies the retention to a part of the files; files are taken in between the parts.
    ///
    /// - Returns: whether nothing is left to do.
    private nonisolated func retain() async throws(SgloradError) -> Bool {
        let results = options.keepResults
        // If rejected files are not kept there are only reasons, which are kept as long as results.
        let rejected = options.keepRejected > .zero ? options.keepRejected : results
        let folder = try await exclusively(.retention) { () async throws(SgloradError) in
            await self.openForRetention()
        }
        guard let folder else { return true }
        let expired = try await pool.run { () throws(SgloradError) in
            folder.expired(results: results, rejected: rejected, age: self.backend.fileAge)
        }
        var progress = 0
        for start in stride(from: 0, to: expired.count, by: SpoolFolder.retentionBatch) {
            let part = Array(expired[start..<min(start + SpoolFolder.retentionBatch, expired.count)])
            progress += try await exclusively(.retention) { () async throws(SgloradError) in
                try await self.pool.run { () throws(SgloradError) in folder.remove(part) }
            }
        }
        progress += try await exclusively(.retention) { () async throws(SgloradError) in
            let (count, failure) = try await self.pool.run { () throws(SgloradError) in
                folder.rejectAbandoned(age: self.backend.fileAge)
            }
            await self.settle(.retention, failure)
            return count
        }
        return progress == 0
    }

    private func openForRetention() async -> SpoolFolder? {
        do throws(SgloradError) {
            return try await folder()
        } catch {
            settle(.retention, error)
            return nil
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
            let (current, unwatched) = try await pool.run { () throws(SgloradError) in
                let current: OpenSpool
                if let known, known.folder.isCurrent {
                    current = known
                } else {
                    current = try OpenSpool(directory, users: users)
                }
                do throws(SgloradError) {
                    try current.watch(arrivals: arrivals, logger: logger)
                    return (current, SgloradError?.none)
                } catch {
                    return (current, error)
                }
            }
            open = current
            settle(.watch, unwatched)
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
            settle(activity, nil)
        } catch {
            settle(activity, error)
        }
    }

    /// Logs and reports an activity's failure or, with nil, its success.
    private func settle(_ activity: Activity, _ error: SgloradError?) {
        guard let error else {
            if failures.clear(activity) { report(failures.first) }
            return
        }
        guard error.code != .cancelled else { return }
        // Its failure is reported until it has run again, so it is due at the next call like everything else.
        if activity == .retention { retention.retry() }
        if failures.record(error, of: activity) {
            logger.error("the spool has failed", metadata: ["error": "\(error)"])
        }
        report(failures.first)
    }

    private func warn(_ user: UserID) {
        logger.warning(
            """
            a user cannot read the results in done/: the spool's file system does not support access lists, and only a \
            daemon that runs as root could change the files' owner; mount the file system with the option acl
            """, metadata: ["uid": "\(user)"])
    }
}
