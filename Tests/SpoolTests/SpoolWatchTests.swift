import Files
import Foundation
import Glibc
import Testing

@testable import Spool

@Suite("Watching the spool", .timeLimit(.minutes(20)))
struct SpoolWatchTests {
    private let spool: TemporarySpool

    init() throws { spool = try TemporarySpool() }

    @Test func `a file that is renamed into new and one that is written there are both seen`() async throws {
        let watch = try SpoolWatch(spool.folder)
        #expect(watch.look() == SpoolWatch.Sight())
        try spool.drop("a.json", "x")
        #expect(watch.look() == SpoolWatch.Sight(files: 1))
        try Data("y".utf8).write(to: URL(filePath: "\(spool.path)/new/b.json"))
        #expect(watch.look() == SpoolWatch.Sight(files: 1))
        _ = try spool.take("a.json")
        #expect(watch.look() == SpoolWatch.Sight())
    }

    @Test func `events are streamed`() async throws {
        let watch = try SpoolWatch(spool.folder)
        try spool.drop("a.json", "x")
        var sights = watch.sights().makeAsyncIterator()
        #expect(await sights.next() == SpoolWatch.Sight(files: 1))
        try spool.drop("b.json", "x")
        #expect(await sights.next() == SpoolWatch.Sight(files: 1))
    }

    @Test func `an overflow is reported, and the scan finds all files`() throws {
        let text = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
        let limit = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        try #require(limit <= 200_000, "the kernel's queue is longer than the test fills")
        let watch = try SpoolWatch(spool.folder)
        let count = limit + 50
        for number in 0..<count { close(creat("\(spool.path)/new/\(number).json", 0o644)) }
        let sight = watch.look()
        #expect(sight.overflowed && sight.files < count)
        #expect(spool.folder.waiting(atMost: count).values.flatMap { $0 }.count == count)
    }

    @Test func `a replaced folder is noticed`() throws {
        #expect(spool.folder.isCurrent)
        #expect(rename("\(spool.path)/new", "\(spool.path)/old") == 0)
        #expect(!spool.folder.isCurrent)
        let again = try SpoolFolder(spool.path)
        #expect(again.isCurrent && !spool.folder.isCurrent)
    }
}
