import Files
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Spool

@Suite("Reading the spool", .timeLimit(.minutes(20)))
struct SpoolReadingTests {
    private let spool: TemporarySpool

    init() throws { spool = try TemporarySpool() }

    @Test func `a complete file is read with its owner, and only from taking`() throws {
        try spool.drop("a.json", "content")
        let file = try spool.take("a.json")
        #expect(spool.names("new").isEmpty)
        guard case .content(let bytes, let owner, let quiet) = try spool.folder.read(file) else {
            Issue.record("not read")
            return
        }
        #expect(bytes == Array("content".utf8) && owner == .current && quiet >= 0)
        spool.folder.remove(file)
        #expect(try spool.folder.read(file) == .gone)
        #expect(try spool.folder.take(FileName("a.json")) == .gone)
    }

    @Test(.enabled(if: Lease.canBe, "needs a file system with leases"))
    func `a file on which its owner holds a lease is read once the lease is released`() async throws {
        try spool.drop("a.json", "content")
        let descriptor = open("\(spool.path)/new/a.json", O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        let file = try spool.take("a.json")
        // A process that another test is just starting has the file open, too, until it executes its program.
        try await eventually("the lease") { Lease.take(descriptor) }
        let defect = try spool.folder.read(file).defect
        #expect(defect?.mayPass == true && defect?.reason.contains("held by another program's lease") == true)
        Lease.give(descriptor)
        #expect(try spool.folder.read(file).defect == nil)
    }

    @Test func `a file dropped under the same name is another file`() throws {
        try spool.drop("a.json", "first")
        let first = try spool.take("a.json")
        try spool.drop("a.json", "second")
        let second = try spool.take("a.json")
        guard case .content(let one, _, _) = try spool.folder.read(first),
            case .content(let two, _, _) = try spool.folder.read(second)
        else {
            Issue.record("not read")
            return
        }
        #expect(one == Array("first".utf8) && two == Array("second".utf8))
        #expect(Set(spool.folder.taken()) == [first, second])
    }

    @Test func `64 KiB are read, one byte more is rejected`() throws {
        try spool.drop("fits.json", String(repeating: "x", count: SpoolFolder.fileLimit))
        guard case .content(let bytes, _, _) = try spool.reading("fits.json") else {
            Issue.record("not read")
            return
        }
        #expect(bytes.count == 65_536)
        try spool.drop("large.json", String(repeating: "x", count: SpoolFolder.fileLimit + 1))
        let defect = try spool.reading("large.json").defect
        #expect(
            defect?.reason == "The file has 65537 bytes; the limit is 65536." && defect?.mayPass == false
        )
        // A file that claims to be enormous takes no memory.
        #expect(FileManager.default.createFile(atPath: "\(spool.path)/new/huge.json", contents: nil))
        #expect(truncate("\(spool.path)/new/huge.json", 1 << 40) == 0)
        #expect(try spool.reading("huge.json").defect?.reason.contains("1099511627776 bytes") == true)
    }

    @Test func `an empty file may still be being written, for a minute`() throws {
        try spool.drop("empty.json", "")
        let defect = try spool.reading("empty.json").defect
        #expect(defect?.reason == "The file is empty." && defect?.mayPass == true)
        // A program that keeps touching the file does not extend the time.
        #expect(try SpoolFolder(spool.path).patience == 60)
        let later = wallClock() + spool.folder.patience + 1
        try spool.drop("later.json", "")
        let file = try spool.take("later.json")
        guard case .defect(_, _, let quiet) = try spool.folder.read(file, now: later) else {
            Issue.record("no defect")
            return
        }
        #expect(quiet == .max)
    }

    @Test func `a file that grows while it is read is recognised`() throws {
        try spool.drop("grows.json", "begun")
        let writer = try #require(FileHandle(forWritingAtPath: "\(spool.path)/new/grows.json"))
        try writer.seekToEnd()
        let file = try spool.take("grows.json")
        // Another thread writes without pause; some read falls between two of its writes.
        let stop = Flag()
        let thread = Thread {
            while !stop.isSet { try? writer.write(contentsOf: Data("x".utf8)) }
            stop.acknowledge()
        }
        thread.start()
        var seen = false
        while !seen {
            switch try spool.folder.read(file) {
            case .defect(let defect, _, let quiet):
                // It may also have grown beyond the limit by now, which is another defect.
                seen = defect.mayPass && quiet == 0 && defect.reason.contains("still being written")
                if !seen, defect.reason.contains("bytes") {
                    try writer.truncate(atOffset: 5)
                }
            default: continue
            }
        }
        stop.set()
        try writer.close()
        #expect(seen)
    }

    @Test(arguments: [
        ("a symbolic link", "link.json"), ("a pipe", "pipe.json"), ("a folder", "folder.json"),
        ("a socket", "socket.json"),
    ])
    func `a file that is not a regular one is named and never opened`(kind: String, name: String) throws {
        let place = "\(spool.path)/new/\(name)"
        switch name {
        case "link.json": #expect(symlink("/etc/hostname", place) == 0)
        // Nobody writes into it: opening it without O_NONBLOCK would wait for ever.
        case "pipe.json": #expect(mkfifo(place, 0o644) == 0)
        case "folder.json": #expect(mkdir(place, 0o755) == 0)
        default: #expect(mknod(place, S_IFSOCK | 0o644, 0) == 0)
        }
        let defect = try spool.reading(name).defect
        #expect(defect?.reason == "The file is \(kind) and not a regular file.")
        #expect(defect?.mayPass == false && defect?.hasContent == false)
    }

    @Test func `a file with a second link is read once the other link is removed`() throws {
        try spool.drop("linked.json", "content")
        #expect(link("\(spool.path)/new/linked.json", "\(spool.path)/tmp/other") == 0)
        let file = try spool.take("linked.json")
        let defect = try spool.folder.read(file).defect
        #expect(defect?.reason.contains("hard link") == true && defect?.mayPass == true)
        // A maildir delivers like this: link, then unlink.
        #expect(unlink("\(spool.path)/tmp/other") == 0)
        #expect(try spool.folder.read(file).defect == nil)
    }

    @Test(arguments: [
        ("noending", "noending.json"), ("with\nnewline.json", "with%0Anewline.json"),
        ("\u{1B}[31m.json", "%1B%5B31m.json"), ("x.json.tmp", "x.json.tmp.json"),
        ("\(String(repeating: "y", count: 196)).json", "\(String(repeating: "y", count: 118)).json"),
    ])
    func `an invalid name is rejected, and escaped in the result's name`(
        name: String, result: String
    ) throws {
        try Data("{}".utf8).write(to: URL(filePath: "\(spool.path)/new/\(name)"))
        let file = try spool.take(name)
        #expect(try spool.folder.read(file).defect?.reason.contains("an invalid name") == true)
        #expect(file.name.resultName == result)
    }

    @Test func `a name that is not UTF-8 is found, taken and rejected`() throws {
        let name = FileName([0xFF, 0xFE] + Array(".json".utf8))
        let descriptor = openat(spool.folder.new, name.path, O_WRONLY | O_CREAT, 0o644)
        #expect(descriptor >= 0)
        close(descriptor)
        let waiting = spool.folder.waiting(atMost: 10)
        #expect(waiting[.current]?.map(\.name) == [name])
        guard case .taken(let file) = try spool.folder.take(name) else {
            Issue.record("not taken")
            return
        }
        #expect(spool.folder.taken() == [file])
        #expect(file.name.resultName == "%FF%FE.json")
        #expect(try spool.folder.read(file).defect != nil)
    }

    @Test func `names may contain letters of any script`() throws {
        for name in [
            "x.json", "Ærø æbler.json", "鳥.json", "-.json", "\(String(repeating: "z", count: 195)).json",
        ] {
            try spool.drop(name, "content")
            #expect(try spool.reading(name).defect == nil, "\(name)")
        }
    }

    @Test func `a hidden file counts as unfinished for an hour`() throws {
        try Data("half".utf8).write(to: URL(filePath: "\(spool.path)/new/.x.json.tmp"))
        #expect(spool.folder.waiting(atMost: 10).isEmpty)
        #expect(spool.folder.waiting(atMost: 10, now: wallClock() + 3601).values.flatMap { $0 }.count == 1)
    }

    @Test func `a user's oldest files come first`() throws {
        for number in 0..<300 {
            let path = "\(spool.path)/new/\(number).json"
            try Data().write(to: URL(filePath: path))
            var times = [
                timespec(tv_sec: 1_000_000 + number, tv_nsec: 0),
                timespec(tv_sec: 1_000_000 + number, tv_nsec: 0),
            ]
            #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
        }
        let waiting = spool.folder.waiting(atMost: 5)
        #expect(waiting[.current]?.map(\.name) == (0..<5).map { FileName("\($0).json") })
    }

    /// A flag shared by two threads.
    private final class Flag: Sendable {
        private let pair = DispatchSemaphore(value: 0)
        private let raised = Mutex(false)
        var isSet: Bool { raised.withLock { $0 } }
        func set() {
            raised.withLock { $0 = true }
            pair.wait()
        }
        func acknowledge() { pair.signal() }
    }
}

/// A lease on a file (fcntl(2)): other processes' opening waits or fails until the holder releases it.
private enum Lease {
    // F_SETLEASE, and F_SETSIG so that the kernel notifies the holder by a signal that is ignored by default.
    private static let (set, signal): (Int32, Int32) = (1024, 10)

    static let canBe: Bool = {
        let path = NSTemporaryDirectory() + "lease-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer {
            close(descriptor)
            unlink(path)
        }
        return take(descriptor)
    }()

    static func take(_ descriptor: Int32) -> Bool {
        fcntl(descriptor, signal, SIGURG) == 0 && fcntl(descriptor, set, Int32(F_WRLCK)) == 0
    }

    static func give(_ descriptor: Int32) {
        _ = fcntl(descriptor, set, Int32(F_UNLCK))
    }
}
