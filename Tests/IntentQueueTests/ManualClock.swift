import Foundation
import IntentQueue
import Synchronization

/// A clock that a test sets: the time since the start of the machine, and the wall clock beside it.
final class ManualClock: Sendable {
    private let times = Mutex(
        (uptime: Duration.seconds(1000), wall: Date(timeIntervalSince1970: 1_700_000_000)))

    /// What a queue sees of it.
    func clock(boot: String = "first") -> QueueClock {
        QueueClock(
            uptime: { self.times.withLock { $0.uptime } }, wall: { self.times.withLock { $0.wall } },
            boot: boot)
    }

    /// Lets time pass on both clocks.
    func pass(_ duration: Duration) {
        times.withLock {
            $0.uptime += duration
            $0.wall += Double(duration.components.seconds)
        }
    }

    /// Sets the wall clock alone.
    func step(bySeconds seconds: Double) { times.withLock { $0.wall += seconds } }

    /// Restarts the machine: the uptime begins again.
    func restart(afterSeconds seconds: Double) {
        times.withLock {
            $0.uptime = .seconds(5)
            $0.wall += seconds
        }
    }
}
