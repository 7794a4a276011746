public import Foundation

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// What the queue measures time with.
///
/// Leases and ages run on `uptime`, which no clock step touches. The wall clock is shown to people and, where the box was
/// off in between, says for how long.
public struct QueueClock: Sendable {
    /// The time since the box was started, time asleep included.
    public var uptime: @Sendable () -> Duration
    /// The wall clock.
    public var wall: @Sendable () -> Date
    /// What the kernel calls this start of the box.
    public var boot: String

    /// Makes a clock.
    public init(
        uptime: @escaping @Sendable () -> Duration, wall: @escaping @Sendable () -> Date, boot: String
    ) {
        self.uptime = uptime
        self.wall = wall
        self.boot = boot
    }

    /// The clocks of the box.
    public static let system = QueueClock(
        uptime: {
            var time = timespec()
            clock_gettime(CLOCK_BOOTTIME, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        },
        wall: { Date() },
        boot: (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines) ?? "")
}
