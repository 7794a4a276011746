internal import FoundationEssentials
internal import Glibc

/// The machine's clocks: the wall clock, which anybody can set, and the uptime, which nobody can.
///
/// A test passes clocks of its own.
public struct MachineClock: Sendable {
    /// The time since the machine was started, time suspended included.
    public var uptime: @Sendable () -> Duration
    /// Seconds since 1970.
    public var wall: @Sendable () -> Double
    /// The kernel's identifier of this boot; empty if it is not known.
    public var boot: String

    /// Clocks of a caller's own.
    public init(
        uptime: @escaping @Sendable () -> Duration, wall: @escaping @Sendable () -> Double, boot: String
    ) {
        self.uptime = uptime
        self.wall = wall
        self.boot = boot
    }

    /// The machine's own clocks.
    public static let system = MachineClock(
        uptime: { read(CLOCK_BOOTTIME) },
        wall: { read(CLOCK_REALTIME).inSeconds },
        boot: FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id").map { bytes in
            String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        } ?? "")

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension Duration {
    /// The duration in seconds.
    public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
