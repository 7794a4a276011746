internal import ErrorModel
internal import Executors
internal import Files
internal import Logging
internal import Synchronization

extension SpoolExchange {
    /// An open spool folder and the watch on its `new/`.
    ///
    /// The watch is armed before anybody can scan the folder, so that no arrival is missed, and ends with this object. Where
    /// the system has no watch left, the folder is used without one until ``watch(arrivals:logger:)`` succeeds.
    final class OpenSpool: Sendable {
        let folder: SpoolFolder
        private let watching = Mutex<Task<Void, Never>?>(nil)

        /// Opens the folder and creates its missing parts.
        ///
        /// Blocks on the disk.
        ///
        /// - Parameters:
        ///   - path: the absolute path.
        ///   - users: as for ``SpoolFolder/init(_:users:)``.
        /// - Throws: `storageFailure`.
        init(_ path: String, users: UInt32?) throws(SgloradError) {
            folder = try SpoolFolder(path, users: users)
        }

        /// Begins to watch the folder, unless it is watched already.
        ///
        /// - Parameters:
        ///   - arrivals: rings when files arrive.
        ///   - logger: the destination of log messages.
        /// - Throws: `storageFailure` if the folder cannot be watched now.
        func watch(arrivals: Bell, logger: Logger) throws(SgloradError) {
            guard watching.withLock({ $0 == nil }) else { return }
            let watch = try SpoolWatch(folder)
            let task = Task {
                for await sight in watch.sights() {
                    if sight.overflowed {
                        logger.notice("the queue of inotify events overflowed; the spool is scanned instead")
                    }
                    arrivals.ring()
                }
            }
            watching.withLock { $0 = task }
        }

        deinit { watching.withLock { $0?.cancel() } }
    }

    /// The lines in which the uses of the folder that exclude each other wait for their turns.
    enum Line: Sendable, Hashable {
        case intake
        case delivery
        case retention
        case erasure
    }

    /// What the exchange does, in the order in which failures are reported.
    ///
    /// Each activity can fail on its own.
    enum Activity: Int, Sendable, Hashable, Comparable {
        case intake
        case delivery
        case retention
        /// Noticing arrivals at once; without it files are found within a minute.
        case watch

        static func < (one: Activity, other: Activity) -> Bool { one.rawValue < other.rawValue }
    }

    /// The failures that are outstanding: for each activity the last one since it last succeeded.
    struct OutstandingFailures {
        private var failures: [Activity: SgloradError] = [:]

        /// The failure of the most important activity that fails; nil if none does.
        var first: SgloradError? { failures.min { $0.key < $1.key }?.value }

        /// Records that an activity has failed.
        ///
        /// - Returns: whether the failure is another one than the outstanding one, to be logged.
        mutating func record(_ error: SgloradError, of activity: Activity) -> Bool {
            failures.updateValue(error, forKey: activity)?.message != error.message
        }

        /// Records that an activity has succeeded.
        ///
        /// - Returns: whether a failure of it was outstanding.
        mutating func clear(_ activity: Activity) -> Bool {
            failures.removeValue(forKey: activity) != nil
        }
    }

    /// The users whose results they cannot read; each is warned about once per run of the daemon.
    struct WarnedUsers {
        private var users: Set<UserID> = []

        /// Adds users.
        ///
        /// - Returns: those that were not there before, in ascending order.
        mutating func add(_ more: Set<UserID>) -> [UserID] {
            defer { users.formUnion(more) }
            return more.subtracting(users).sorted()
        }
    }

    /// Limits how often the retention is applied.
    struct RetentionSchedule {
        private static let interval = Duration.seconds(600)
        private var last: ContinuousClock.Instant?

        /// Begins a run if the last one began long enough ago.
        ///
        /// - Returns: whether it has begun.
        mutating func begin(at now: ContinuousClock.Instant = .now) -> Bool {
            if let last, now - last < Self.interval { return false }
            last = now
            return true
        }

        /// Lets the next call of ``begin(at:)`` begin a run, because the last one failed.
        mutating func retry() { last = nil }
    }
}
