public import Foundation
internal import GRDB
internal import Glibc

/// The queue's clocks.
///
/// Leases and ages run on `uptime`, which setting the wall clock does not affect. The wall clock is shown to people, and
/// tells after a restart of the machine how long it was off.
public struct QueueClock: Sendable {
    /// The time since the machine was started, time suspended included.
    public var uptime: @Sendable () -> Duration
    public var wall: @Sendable () -> Date
    /// The kernel's identifier of this boot.
    public var boot: String

    public init(
        uptime: @escaping @Sendable () -> Duration, wall: @escaping @Sendable () -> Date, boot: String
    ) {
        self.uptime = uptime
        self.wall = wall
        self.boot = boot
    }

    /// The machine's clocks.
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

/// When something happens to a request.
struct QueueMoment: Sendable {
    /// Seconds since 1970 by the wall clock.
    let wall: Double
    /// The queue's age, in seconds.
    let age: Double
}

/// The queue's age in seconds: the monotonic time by which retention is measured.
///
/// Within one boot it follows the uptime, however the wall clock is set. Over a restart of the machine it grows by what the
/// wall clock says has passed, if that is positive.
struct QueueAge: Sendable {
    private let clock: QueueClock
    private let atOpening: Double
    private let uptimeAtOpening: Duration

    /// The one row of the table `age`.
    private struct Record: Codable, FetchableRecord, PersistableRecord {
        static let databaseTableName = "age"
        var id = 1
        let seconds: Double
        let boot: String
        /// In seconds.
        let uptime: Double
        /// In seconds since 1970.
        let wall: Double
    }

    /// Continues from the stored age, and stores the new one.
    init(_ db: Database, clock: QueueClock) throws {
        self.clock = clock
        uptimeAtOpening = clock.uptime()
        var age = 0.0
        if let last = try Record.fetchOne(db) {
            let past =
                last.boot == clock.boot
                ? uptimeAtOpening.inSeconds - last.uptime : clock.wall().timeIntervalSince1970 - last.wall
            age = last.seconds + max(0, past)
        }
        atOpening = age
        try write(db)
    }

    /// The age now.
    var seconds: Double { atOpening + max(0, (clock.uptime() - uptimeAtOpening).inSeconds) }

    /// The moment now.
    var moment: QueueMoment {
        QueueMoment(wall: clock.wall().timeIntervalSince1970, age: seconds)
    }

    /// Stores the age for the next start.
    func write(_ db: Database) throws {
        try Record(
            seconds: seconds, boot: clock.boot, uptime: clock.uptime().inSeconds,
            wall: clock.wall().timeIntervalSince1970
        ).insert(db, onConflict: .replace)
    }
}

extension Duration {
    /// The duration in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
