import ErrorModel
import Files
import Foundation
import TestSupport
import Testing

@Suite("The service's own time")
struct ServiceTimeTests {
    private let folder: TemporaryFolder
    private let clock = ManualClock()
    private static let day = 24.0 * 3600
    private static let year = 365.0 * day

    init() throws { folder = try TemporaryFolder() }

    private func open(boot: String = "first") throws -> ServiceTime {
        try ServiceTime(file: folder("time"), clock: clock.clock(boot: boot))
    }

    @Test(arguments: [-56 * year, -3600, 3600, 73 * year])
    func `setting the wall clock changes no age, while the daemon runs or over its restart`(step: Double)
        throws
    {
        let time = try open()
        let start = time.now
        clock.pass(.seconds(100))
        clock.step(bySeconds: step)
        #expect(time.now.age - start.age == 100 && time.now.running - start.running == 100)
        try time.save()
        clock.pass(.seconds(50))
        clock.step(bySeconds: -step / 2)
        let again = try open()
        #expect(again.now.age - start.age == 150 && again.now.running - start.running == 150)
    }

    @Test func `time off is added at the pace of the uptime, and never to the running time`() throws {
        let time = try open()
        let start = time.now
        try time.save()
        clock.restart(afterSeconds: 8 * 3600)
        let next = try open(boot: "second")
        #expect(next.now.age == start.age)
        clock.pass(.seconds(600))
        #expect(next.now.age - start.age == 1200 && next.now.running - start.running == 600)
        // What is left of it survives another restart of the daemon.
        try next.save()
        let third = try open(boot: "second")
        clock.pass(.seconds(8 * 3600))
        let all = 600.0 + 8 * 3600 + 8 * 3600
        #expect(third.now.age - start.age == all)
        clock.pass(.seconds(1000))
        #expect(third.now.age - start.age == all + 1000)
    }

    @Test func `a start with a stale clock, a power cut and a start with the right one add nothing`() throws {
        let time = try open()
        let start = time.now
        clock.restart(afterSeconds: 60 - 56 * Self.year)
        let stale = try open(boot: "second")
        clock.pass(.seconds(30))
        #expect(stale.now.age - start.age == 30)
        try stale.save()
        clock.restart(afterSeconds: 56 * Self.year)
        let right = try open(boot: "third")
        clock.pass(.seconds(1000))
        // Sixty seconds off, thirty of which the stale boot had lasted: they are no leap of 56 years.
        #expect(right.now.running - start.running == 1030)
        #expect((1030...1090).contains(right.now.age - start.age))
    }

    @Test
    func `a leap into the future adds a month at most, slowly, and is cancelled when the clock returns`()
        throws
    {
        let time = try open()
        let start = time.now
        try time.save()
        clock.restart(afterSeconds: 73 * Self.year)
        let leapt = try open(boot: "second")
        clock.pass(.seconds(20))
        #expect(leapt.now.age - start.age == 40)
        try leapt.save()
        clock.step(bySeconds: -73 * Self.year)
        clock.pass(.seconds(10))
        try leapt.save()
        let before = leapt.now.age
        clock.pass(.seconds(1000))
        #expect(leapt.now.age - before == 1000)
    }

    @Test func `the most credit is a month`() throws {
        let time = try open()
        try time.save()
        clock.restart(afterSeconds: 73 * Self.year)
        let leapt = try open(boot: "second")
        clock.pass(.seconds(40 * Self.day))
        let most = ServiceTime.mostCredit + 40 * Self.day
        #expect(leapt.now.age == most)
    }

    @Test func `a clock that is behind for a day is believed`() throws {
        let time = try open()
        try time.save()
        clock.step(bySeconds: -Self.year)
        clock.pass(.seconds(25 * 3600))
        try time.save()
        let before = time.now.age
        clock.restart(afterSeconds: 500)
        let next = try open(boot: "second")
        clock.pass(.seconds(1000))
        #expect(next.now.age - before == 1500)
    }

    @Test func `a power cut costs what was not saved, and it is saved every few minutes`() throws {
        let time = try open()
        let start = time.now.age
        clock.pass(.seconds(299))
        try time.saveIfDue()
        #expect(try open(boot: "first").now.age - start == 299)
        clock.pass(.seconds(301))
        try time.saveIfDue()
        clock.step(bySeconds: -3600)
        clock.restart(afterSeconds: 0)
        #expect(try open(boot: "second").now.age - start == 600)
    }

    @Test(arguments: [0, 20, -2])
    func `a damaged file begins anew instead of leaping`(position: Int) throws {
        let time = try open()
        clock.pass(.seconds(1000))
        try time.save()
        var bytes = try folder.read("time")
        bytes[position < 0 ? bytes.count + position : position] ^= 0x10
        try Data(bytes).write(to: URL(filePath: folder("time")))
        #expect(try open().now.age == 0)
        #expect(try open().now.age == 0)
    }

    @Test func `a file that cannot be read is an error, a missing folder none`() throws {
        try FileManager.default.createDirectory(
            atPath: folder("time"), withIntermediateDirectories: false)
        let error = #expect(throws: SgloradError.self) { _ = try open() }
        #expect(error?.code == .storageFailure)
        // As on a full disk: the time runs, and is saved later.
        let unsaved = try ServiceTime(file: folder("missing/time"), clock: clock.clock())
        clock.pass(.seconds(5))
        #expect(unsaved.now.age == 5)
    }

    @Test func `a time of the wall clock becomes an age where it is plausible, and the present where not`()
        throws
    {
        let time = try open()
        clock.pass(.seconds(1000))
        let now = time.now
        #expect(time.age(atWall: now.wall - 400) == now.age - 400)
        #expect(time.age(atWall: now.wall - 5000) == now.age - 5000)
        #expect(time.age(atWall: 0) == now.age && time.age(atWall: now.wall + Self.year) == now.age)
    }

    @Test func `the age of an earlier version is taken over once`() throws {
        let time = try open()
        clock.pass(.seconds(10))
        try time.takeOver(
            seconds: 5000, boot: "first", uptime: 900, wall: 1_790_000_000)
        // The uptime was 900 then and is 1010 now.
        #expect(time.now.age == 5110 && time.now.running == 5110)
        let again = try open()
        try again.takeOver(seconds: 1_000_000, boot: "first", uptime: 900, wall: 1_790_000_000)
        #expect(again.now.age == 5110)
    }

    @Test(arguments: [-56 * year, 73 * year])
    func `a file made under a wrong clock ages by the uptime, and one made before does not leap`(leap: Double)
        throws
    {
        let time = try open()
        let before = clock.clock().wall()
        clock.pass(.seconds(100))
        #expect(time.fileAge(changedAt: before) == 100)
        try time.save()
        clock.restart(afterSeconds: leap)
        let wrong = try open(boot: "second")
        clock.pass(.seconds(50))
        let meanwhile = clock.clock().wall()
        clock.pass(.seconds(50))
        #expect(wrong.fileAge(changedAt: before) == 200 && wrong.fileAge(changedAt: meanwhile) == 50)
        // The clock is set right while the daemon runs, and the machine restarted.
        clock.step(bySeconds: -leap)
        #expect(wrong.fileAge(changedAt: before) == 200 && wrong.fileAge(changedAt: meanwhile) == 50)
        try wrong.save()
        clock.restart(afterSeconds: 3600)
        let right = try open(boot: "third")
        clock.pass(.seconds(1000))
        #expect(right.fileAge(changedAt: before) == 1200 && right.fileAge(changedAt: meanwhile) == 1050)
        #expect(right.fileAge(changedAt: clock.clock().wall()) == 0)
    }

    @Test func `a file whose time is unknown ages from the begin of the records, not at once`() throws {
        let time = try open()
        clock.pass(.seconds(500))
        #expect(time.fileAge(changedAt: 0) == 500)
        #expect(time.fileAge(changedAt: 9e9) == 500)
        for boot in 0..<300 {
            clock.restart(afterSeconds: 3600)
            let next = try open(boot: "boot \(boot)")
            clock.pass(.seconds(10))
            try next.save()
        }
        #expect(try open(boot: "boot 299").fileAge(changedAt: 9e9) > 0)
        #expect(try folder.read("time").count < 32_768)
    }
}
