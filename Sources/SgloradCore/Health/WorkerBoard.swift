internal import IntentQueue
internal import Synchronization

/// Where each worker writes what it is at, so that the watchdog can tell work from a standstill.
///
/// Times are of the clock that stands still while the machine sleeps, as the service manager's watchdog does.
final class WorkerBoard: Sendable {
    /// How long one step of a request may take: on a slow card, writing a large adapter out takes the longest.
    static let patience = Duration.seconds(120)

    /// What a worker is at.
    enum Step: Sendable, Hashable {
        /// It waits for a request.
        case waiting
        /// It asks the queue for a request.
        case taking
        /// It is at a stage of a request.
        case stage(RequestStage)
        /// It writes down how a request ended.
        case ending
        /// It waits a moment because the queue could not be read.
        case troubled
    }

    private struct Entry {
        var step = Step.taking
        var since = SuspendingClock.now
    }

    private let entries: Mutex<[Entry]>

    /// A board of so many workers, each at the start.
    init(workers: Int) {
        entries = Mutex(Array(repeating: Entry(), count: workers))
    }

    /// Says that a worker has begun a step.
    func begin(_ step: Step, worker: Int) {
        let now = SuspendingClock.now
        entries.withLock { $0[worker] = Entry(step: step, since: now) }
    }

    /// What stands still, in words; nil while work goes on or there is none.
    ///
    /// - Parameters:
    ///   - queued: how many requests wait to be taken.
    ///   - now: the time.
    ///   - patience: how long a step may take.
    func standstill(
        queued: Int, at now: SuspendingClock.Instant = .now, patience: Duration = WorkerBoard.patience
    ) -> String? {
        entries.withLock { entries in
            for (worker, entry) in entries.enumerated() {
                if entry.step != .waiting, now - entry.since > patience {
                    return "worker \(worker) has been at one step (\(entry.step)) for \(now - entry.since)"
                }
            }
            // One that works may be all there is; those that wait must not let requests lie.
            let allWait = entries.allSatisfy { $0.step == .waiting && now - $0.since > patience }
            return queued > 0 && allWait && !entries.isEmpty
                ? "\(queued) requests wait and every worker has been idle for more than \(patience)" : nil
        }
    }
}
