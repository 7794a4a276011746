public import Files
internal import Synchronization

/// A clock that a test sets: the time since the start of the machine, and the wall clock beside it.
public final class ManualClock: Sendable {
    /// A clock that stands in the year 2026.
    public init() {}

    private let times = Mutex(
        (uptime: Duration.seconds(1000), wall: 1_790_000_000.0))

    /// What the daemon sees of it.
    public func clock(boot: String = "first") -> MachineClock {
        MachineClock(
            uptime: { self.times.withLock { $0.uptime } }, wall: { self.times.withLock { $0.wall } },
            boot: boot)
    }

    /// Lets time pass on both clocks.
    public func pass(_ duration: Duration) {
        times.withLock {
            $0.uptime += duration
            $0.wall += duration.inSeconds
        }
    }

    /// Sets the wall clock alone.
    public func step(bySeconds seconds: Double) { times.withLock { $0.wall += seconds } }

    /// Restarts the machine: the uptime begins again.
    public func restart(afterSeconds seconds: Double) {
        times.withLock {
            $0.uptime = .seconds(5)
            $0.wall += seconds
        }
    }
}
