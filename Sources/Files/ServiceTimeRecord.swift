internal import ErrorModel
internal import FoundationEssentials
internal import Glibc

/// What the file of ``ServiceTime`` holds; times in seconds.
struct ServiceTimeRecord: Codable, Sendable {
    /// The age of the service.
    var age = 0.0
    /// The uptime over all boots.
    var running = 0.0
    /// Time off that is still to be added to the age.
    var credit = 0.0
    /// The boot and its uptime when this was saved.
    var boot: String
    var uptime: Double
    /// The wall clock that later ones are compared with, and `running` at that time.
    var wall: Double
    var wallRunning = 0.0
    /// How the wall clock ran meanwhile.
    var eras = ClockEras()

    init(boot: String, uptime: Double, wall: Double) {
        self.boot = boot
        self.uptime = uptime
        self.wall = wall
    }

    /// Lets uptime pass; a negative time counts as none.
    mutating func advance(by seconds: Double) {
        guard seconds > 0 else { return }
        let paid = min(credit, seconds)
        credit -= paid
        running += seconds
        age += seconds + paid
    }

    /// Continues after a restart of the daemon or of the machine.
    mutating func resume(uptime now: Double, wall seen: Double, boot current: String) {
        if boot == current, !current.isEmpty {
            advance(by: now - uptime)
        } else {
            let off = seen - wall - (running - wallRunning)
            if seen >= ServiceTime.plausible, wall >= ServiceTime.plausible, off > 0 {
                credit = min(credit + off, ServiceTime.mostCredit)
            }
            if off < -3600 { credit = 0 }
            if seen >= wall { (wall, wallRunning) = (seen, running) }
        }
        (boot, uptime) = (current, now)
        eras.note(wall: seen, running: running)
    }

    /// Compares the wall clock with the one that was seen before.
    mutating func compare(wall seen: Double, uptime: Double) {
        let isBehind = seen < wall + (running - wallRunning) - 3600
        if isBehind { credit = 0 }
        if seen >= wall || uptime >= ServiceTime.trusted { (wall, wallRunning) = (seen, running) }
    }

    /// The file's content: the record as JSON on one line, and its digest on the next.
    var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let json = (try? encoder.encode(self)).map { Array($0) } ?? []
        return json + [0x0A] + Array(FileDigest.sha256(json).utf8) + [0x0A]
    }

    /// Reads the file; nil where there is none, or it is damaged.
    static func read(_ path: String) throws(SgloradError) -> ServiceTimeRecord? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(
                path, "the service's time cannot be opened", remedy: "Check the file's owner and mode.")
        }
        defer { close(descriptor) }
        let bytes: [UInt8]
        do throws(SgloradError) {
            bytes = try FileBytes.read(1 << 16, from: descriptor, path: path)
        } catch {
            throw .storageFailure(path, "the service's time cannot be read. Check the disk.", cause: error)
        }
        let lines = bytes.split(separator: 0x0A)
        guard lines.count == 2, FileDigest.sha256(lines[0]) == String(decoding: lines[1], as: UTF8.self),
            let record = try? JSONDecoder().decode(ServiceTimeRecord.self, from: Data(lines[0])),
            [record.age, record.running, record.credit].allSatisfy({ $0.isFinite && $0 >= 0 })
        else { return nil }
        return record
    }
}
