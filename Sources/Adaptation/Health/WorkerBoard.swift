internal import IntentQueue
internal import Synchronization

/// Records the current step of each worker, so that the watchdog can tell progress from a hang.
///
/// Times use the clock that stops while the machine is suspended, like the service manager's watchdog.
package final class WorkerBoard: Sendable {
    /// How long one step of a request may take; the longest is writing a large adapter to slow storage.
    package static let patience = Duration.seconds(120)

    /// What a worker is doing.
    enum Step: Sendable, Hashable {
        /// Waiting for a request.
        case waiting
        /// Taking a request from the queue.
        case taking
        /// Working on a stage of a request.
        case stage(RequestStage)
        /// Recording how a request ended.
        case ending
        /// Pausing because the queue could not be read or written.
        case troubled
    }

    private struct Entry {
        var step = Step.taking
        var since = SuspendingClock.now
    }

    private let entries: Mutex<[Entry]>

    /// The number of workers, without the one that refines.
    package let count: Int

    /// Creates a board on which each worker is about to take a request.
    ///
    /// - Parameters:
    ///   - workers: how many workers there are.
    ///   - hasRefiner: whether there is one more, whose number comes after theirs, which refines adapters.
    package init(workers: Int, hasRefiner: Bool = false) {
        count = workers
        entries = Mutex(Array(repeating: Entry(), count: workers + (hasRefiner ? 1 : 0)))
    }

    /// The number of workers, without the one that refines, that work on a request.
    package var busy: Int {
        entries.withLock { entries in
            entries.prefix(count).count {
                switch $0.step {
                case .stage, .ending: true
                case .waiting, .taking, .troubled: false
                }
            }
        }
    }

    /// Records that a worker begins a step.
    func begin(_ step: Step, worker: Int) {
        let now = SuspendingClock.now
        entries.withLock { $0[worker] = Entry(step: step, since: now) }
    }

    /// A description of what hangs; nil while the workers make progress or have nothing to do.
    ///
    /// - Parameters:
    ///   - queued: the number of queued requests.
    ///   - now: the current time.
    ///   - patience: how long a step may take.
    package func standstill(
        queued: Int, at now: SuspendingClock.Instant = .now, patience: Duration = WorkerBoard.patience
    ) -> String? {
        entries.withLock { entries in
            for (worker, entry) in entries.enumerated() {
                if entry.step != .waiting, now - entry.since > patience {
                    return "worker \(worker) has been at one step (\(entry.step)) for \(now - entry.since)"
                }
            }
            // Requests are queued but no worker takes them: the workers missed the wake-up.
            let allWait = entries.allSatisfy { $0.step == .waiting && now - $0.since > patience }
            return queued > 0 && allWait && !entries.isEmpty
                ? "\(queued) requests wait and every worker has been idle for more than \(patience)" : nil
        }
    }
}
