public import ErrorModel
internal import Synchronization

/// The time in which ages are counted: of requests, keys, labels, adapters and tombstones.
///
/// Setting the wall clock changes none of it, in either direction. The rule, which docs/durability.md states for operators:
///
/// - ``Moment/running`` counts the machine's uptime alone. Idempotency keys are kept by it: a key is never forgotten before
///   the machine has run for the time that was promised.
/// - ``Moment/age`` also counts the time for which the machine was off, so that labels are erased on a machine that is off
///   at night. Only the wall clock knows that time, and it may be wrong. Therefore it is believed in part: at most
///   ``mostCredit`` is outstanding, and it is added at the pace of the uptime, one second for each second. Whatever the
///   clock says, the age grows at most twice as fast as the uptime.
/// - A clock before ``plausible``, or behind one that was seen before, is not believed; if the clock goes back, what is left
///   of the credit is cancelled, because the clock that promised it was wrong.
///
/// The state is one small file with a checksum, replaced as a whole. If it is lost, the time begins anew, and who keeps
/// ages sets those in the future to the present: everything then ages from now on.
public final class ServiceTime: Sendable {
    /// One moment, in all the ways it is counted; each in seconds.
    public struct Moment: Sendable, Hashable {
        /// The wall clock, since 1970; for people.
        public let wall: Double
        /// The age of the service: uptime, and time off as far as it is believed.
        public let age: Double
        /// The uptime over all boots.
        public let running: Double

        /// A moment, counted in each way.
        public init(wall: Double, age: Double, running: Double) {
            self.wall = wall
            self.age = age
            self.running = running
        }
    }

    /// The most time off that is waiting to be added to the age, in seconds: 31 days.
    public static let mostCredit = 31.0 * 24 * 3600
    /// The earliest wall clock that is believed: 1 January 2025, before which there was no sglorad.
    public static let plausible = 1_735_689_600.0
    /// The uptime after which a clock that is behind an earlier one is believed, in seconds: a day.
    static let trusted = 24.0 * 3600
    /// How often the time is saved, in seconds of uptime: what a power cut can cost.
    static let interval = 300.0

    private let file: String
    private let temporary: String
    private let clock: MachineClock
    private let counted: Mutex<Counted>

    private struct Counted: Sendable {
        var record: ServiceTimeRecord
        /// The uptime at which the record was true.
        var uptime: Double
        /// Whether there was no usable file.
        let isNew: Bool
    }

    /// Continues from the file, or begins at zero, and saves.
    ///
    /// A save that fails is tried again by ``saveIfDue()``: a full disk does not prevent the start.
    ///
    /// - Parameters:
    ///   - file: where the time is kept.
    ///   - temporary: the folder in which the file is written first; its own by default.
    ///   - clock: the machine's clocks.
    /// - Throws: `storageFailure` where the file exists and cannot be read.
    public init(
        file: String, temporary: String? = nil, clock: MachineClock = .system
    ) throws(SgloradError) {
        self.file = file
        self.temporary = temporary ?? Path.parent(of: file)
        self.clock = clock
        let uptime = clock.uptime().inSeconds
        let known = try ServiceTimeRecord.read(file)
        var record = known ?? ServiceTimeRecord(boot: clock.boot, uptime: uptime, wall: clock.wall())
        record.resume(uptime: uptime, wall: clock.wall(), boot: clock.boot)
        counted = Mutex(Counted(record: record, uptime: uptime, isNew: known == nil))
        try? save()
    }

    /// The time of a state directory.
    public convenience init(_ state: StateDirectory, clock: MachineClock = .system) throws(SgloradError) {
        try self.init(file: state.serviceTime, temporary: state.temporary, clock: clock)
    }

    /// The moment now.
    public var now: Moment {
        let (uptime, wall) = (clock.uptime().inSeconds, clock.wall())
        let record = counted.withLock { counted in
            var record = counted.record
            record.advance(by: uptime - counted.uptime)
            counted.record.eras.note(wall: wall, running: record.running)
            return record
        }
        return Moment(wall: wall, age: record.age, running: record.running)
    }

    /// The machine's uptime, for deadlines that do not outlive the process.
    public var uptime: Duration { clock.uptime() }

    /// The age at which something happened that is known by the wall clock alone; at most the present age.
    ///
    /// A time that is not plausible, or in the future, counts as now.
    public func age(atWall wall: Double) -> Double {
        let now = now
        guard wall >= Self.plausible, wall <= now.wall else { return now.age }
        return now.age - (now.wall - wall)
    }

    /// The age of a file, in seconds of uptime, by the time of its last change.
    ///
    /// No step of the clock makes a file older, and one from the future ages as well. It is never more than what the wall
    /// clock says.
    ///
    /// - Parameter wall: the time of the file's last change, in seconds since 1970.
    public func fileAge(changedAt wall: Double) -> Double {
        let now = now
        let born = counted.withLock { $0.record.eras.running(atWall: wall, now: now.running) }
        let age = max(0, now.running - born)
        return wall <= now.wall ? min(age, now.wall - wall) : age
    }

    /// Takes over the age that an earlier version kept elsewhere, unless this time was counted before.
    ///
    /// - Parameters:
    ///   - seconds: the age.
    ///   - boot: the boot in which it was stored.
    ///   - uptime: the uptime at which it was stored, in seconds.
    ///   - wall: the wall clock then, in seconds since 1970.
    public func takeOver(seconds: Double, boot: String, uptime: Double, wall: Double) throws(SgloradError) {
        guard counted.withLock(\.isNew), seconds.isFinite, seconds >= 0 else { return }
        let now = (clock.uptime().inSeconds, clock.wall())
        counted.withLock { counted in
            var record = ServiceTimeRecord(boot: boot, uptime: uptime, wall: wall)
            (record.age, record.running) = (seconds, seconds)
            record.resume(uptime: now.0, wall: now.1, boot: clock.boot)
            (counted.record, counted.uptime) = (record, now.0)
        }
        try save()
    }

    /// Saves the time if the last save is some minutes ago; blocks on the disk.
    ///
    /// - Throws: `storageFailure`; the next call tries again.
    public func saveIfDue() throws(SgloradError) {
        let uptime = clock.uptime().inSeconds
        guard counted.withLock({ uptime - $0.record.uptime >= Self.interval }) else { return }
        try save()
    }

    /// Saves the time; blocks on the disk.
    ///
    /// - Throws: `storageFailure`.
    public func save() throws(SgloradError) {
        let (uptime, wall) = (clock.uptime().inSeconds, clock.wall())
        var record = counted.withLock { counted in
            counted.record.advance(by: uptime - counted.uptime)
            counted.record.compare(wall: wall, uptime: uptime)
            counted.uptime = max(counted.uptime, uptime)
            return counted.record
        }
        (record.boot, record.uptime) = (clock.boot, uptime)
        try DurableFile.write(record.bytes, to: file, temporary: temporary)
        counted.withLock { $0.record.uptime = uptime }
    }
}
