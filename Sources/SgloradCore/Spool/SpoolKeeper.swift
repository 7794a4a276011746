internal import ControlProtocol
internal import ErrorModel
internal import ExpertCache
internal import IntentQueue
internal import Logging

/// The spool of a running daemon: opens it, takes in, delivers, and opens it again where it has been replaced.
actor SpoolKeeper {
    /// How often results and rejected files are looked at for their age.
    private static let ageing = Duration.seconds(600)

    private let options: SpoolOptions
    private let directory: String
    private let users: UInt32?
    private let queue: IntentQueue
    private let cache: ExpertCache
    private let libraries: LibraryKeeper
    private let share: DiskShare
    private let pool: ComputePool
    private let board: HealthBoard
    private let logger: Logger
    /// Only one of taking in, delivering, ageing and erasing at a time: what is being erased must be neither taken in nor
    /// delivered meanwhile.
    private nonisolated let turns = UserTurns(limit: 1)
    private var open: (folder: SpoolFolder, watching: Task<Void, Never>)?
    private var aged: ContinuousClock.Instant?
    private var warned: Set<Int> = []
    private var troubles: [Work: SgloradError] = [:]
    /// Rings when files may have come.
    nonisolated let arrivals = Bell()

    /// What the spool does; each can fail for itself.
    private enum Work: Int, Hashable, Comparable {
        case takingIn
        case delivering
        case ageing

        static func < (a: Work, b: Work) -> Bool { a.rawValue < b.rawValue }
    }

    /// Makes the keeper of a folder that is not opened yet; nil where the options name none.
    init?(
        _ options: SpoolOptions, users: UInt32?, queue: IntentQueue, cache: ExpertCache,
        libraries: LibraryKeeper, share: DiskShare, pool: ComputePool, board: HealthBoard, logger: Logger
    ) {
        guard let directory = options.directory else { return nil }
        self.options = options
        self.directory = directory
        self.users = users
        self.queue = queue
        self.cache = cache
        self.libraries = libraries
        self.share = share
        self.pool = pool
        self.board = board
        self.logger = logger
    }

    /// Does something while the spool does nothing else.
    ///
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    nonisolated func exclusively<T: Sendable>(
        _ body: () async throws(SgloradError) -> T
    ) async throws(SgloradError) -> T {
        try await turns.take(for: 0, body)
    }

    /// Takes in what there is; true where files wait for room or for their writers, so that it is to be done again soon.
    nonisolated func takeIn() async -> Bool {
        let again = try? await exclusively { () async throws(SgloradError) in await self.passOnce() }
        return again ?? false
    }

    private func passOnce() async -> Bool {
        var seen: SpoolIntake.Outcome?
        _ = await attempt(.takingIn) { (folder) async throws(SgloradError) in
            let (libraries, share) = (libraries, share)
            let intake = SpoolIntake(
                folder: folder, queue: queue, pool: pool, keepsRejected: options.keepRejected > .zero,
                hasShare: { (uid) async throws(SgloradError) in try await share.obstacle(for: uid) == nil }
            ) { (intent, uid) async throws(SgloradError) in
                let queued = try IntentValidation.queued(intent)
                let base = try await libraries.base(named: intent.base)
                return Submission(queued, base: base.name, uid: uid, label: intent.label)
            }
            let outcome = try await intake.pass()
            seen = outcome
            if let failure = outcome.failure { throw failure }
        }
        guard let outcome = seen else { return false }
        if outcome.accepted + outcome.rejected > 0 {
            logger.info(
                "spool taken in",
                metadata: ["accepted": "\(outcome.accepted)", "rejected": "\(outcome.rejected)"])
        }
        return outcome.isWaiting || outcome.unsettled > 0
    }

    /// Writes the results that are owed.
    nonisolated func deliver() async {
        try? await exclusively { () async throws(SgloradError) in await self.deliverOnce() }
    }

    private func deliverOnce() async {
        let outcome = await attempt(.delivering) { (folder) async throws(SgloradError) in
            let outcome = try await SpoolDelivery(folder: folder, queue: queue, cache: cache, pool: pool)
                .deliver()
            for uid in outcome.unreadable.subtracting(warned) { warn(uid) }
            if let failure = outcome.failure { throw failure }
            return outcome
        }
        if let outcome, outcome.delivered > 0 {
            logger.debug("results delivered", metadata: ["results": "\(outcome.delivered)"])
        }
    }

    /// Erases what the spool holds of a user's; within ``exclusively(_:)``.
    func forget(_ erasure: SpoolErasure, of uid: Int) async throws(SgloradError) -> (results: Int, files: Int)
    {
        let folder = try await folder()
        return try await pool.run { () throws(SgloradError) in folder.forget(erasure, of: uid) }
    }

    /// Removes what has been kept for long enough, every few minutes.
    nonisolated func age() async {
        try? await exclusively { () async throws(SgloradError) in await self.ageOnce() }
    }

    private func ageOnce() async {
        if let aged, ContinuousClock.now - aged < Self.ageing { return }
        aged = .now
        let (results, rejected) = (options.keepResults, options.keepRejected)
        _ = await attempt(.ageing) { (folder) async throws(SgloradError) in
            try await pool.run { () throws(SgloradError) in
                // Where rejected files are not kept there are reasons alone, and they are results.
                try folder.age(results: results, rejected: rejected > .zero ? rejected : results)
            }
        }
    }

    /// The spool's folder, opened anew where another stands under its name now.
    func folder() async throws(SgloradError) -> SpoolFolder {
        if let open, open.folder.isCurrent { return open.folder }
        open?.watching.cancel()
        open = nil
        let (directory, users) = (directory, users)
        let (folder, watch) = try await pool.run { () throws(SgloradError) in
            let folder = try SpoolFolder(directory, users: users)
            return (folder, try SpoolWatch(folder))
        }
        let (logger, arrivals) = (logger, arrivals)
        let watching = Task {
            for await sight in watch.sights() {
                if sight.overflowed {
                    logger.notice(
                        "more files came into the spool than the kernel counts; it is looked through")
                }
                arrivals.ring()
            }
        }
        open = (folder, watching)
        return folder
    }

    private func attempt<R: Sendable>(
        _ work: Work, _ body: (SpoolFolder) async throws(SgloradError) -> R
    ) async -> R? {
        do throws(SgloradError) {
            let result = try await body(try await folder())
            settle(work, nil)
            return result
        } catch {
            guard error.code != .cancelled else { return nil }
            if troubles[work]?.message != error.message {
                logger.error("the spool does not work", metadata: ["error": "\(error)"])
            }
            settle(work, error)
            return nil
        }
    }

    /// Says on the board what is wrong with the spool at the moment.
    private func settle(_ work: Work, _ error: SgloradError?) {
        guard error != nil || troubles[work] != nil else { return }
        troubles[work] = error
        board.report(
            "spool", troubles.min { $0.key < $1.key }?.value,
            remedy: "Files wait meanwhile; the daemon tries again every minute.")
    }

    private func warn(_ uid: Int) {
        warned.insert(uid)
        logger.warning(
            """
            a user cannot read the results in done/: the spool's file system keeps no access lists, and only a daemon that \
            is root could give the files away; mount it with acl
            """, metadata: ["uid": "\(uid)"])
    }
}
