import ErrorModel
import Foundation
import Glibc
import Testing

@testable import IntentQueue

@Suite("What the spool rejects and keeps", .timeLimit(.minutes(20)))
struct SpoolRejectingTests {
    private let spool: TemporarySpool
    private let uid = Int(geteuid())

    init() throws { spool = try TemporarySpool() }

    @Test func `a rejected file lies beside its reason, and a second time under the same names`() throws {
        try spool.drop("a.json", "nonsense")
        let file = try spool.take("a.json")
        try spool.folder.reject(file, of: uid, for: SpoolDefect("is nonsense"))
        let name = "\(file.mark)-a.json"
        #expect(try spool.names("rejected/\(uid)") == [name, name + ".reason"])
        #expect(
            try String(contentsOfFile: "\(spool.path)/rejected/\(uid)/\(name)", encoding: .utf8) == "nonsense"
        )
        #expect(
            try String(contentsOfFile: "\(spool.path)/rejected/\(uid)/\(name).reason", encoding: .utf8)
                == "The file is nonsense.\n")
        #expect(spool.folder.taken().isEmpty)
        // As after a crash that lost the move alone.
        #expect(rename("\(spool.path)/rejected/\(uid)/\(name)", "\(spool.path)/taking/\(name)") == 0)
        try spool.folder.reject(file, of: uid, for: SpoolDefect("is nonsense"))
        #expect(try spool.names("rejected/\(uid)") == [name, name + ".reason"])
    }

    @Test func `of what has no content of its own the reason alone is kept`() throws {
        #expect(symlink("/etc/hostname", "\(spool.path)/new/link.json") == 0)
        let link = try spool.take("link.json")
        try spool.folder.reject(link, of: uid, for: SpoolDefect("is a link", hasContent: false))
        #expect(mkdir("\(spool.path)/new/empty.json", 0o755) == 0)
        let empty = try spool.take("empty.json")
        try spool.folder.reject(empty, of: uid, for: SpoolDefect("is a folder", hasContent: false))
        #expect(
            try spool.names("rejected/\(uid)").sorted()
                == [link.rejectedName + ".reason", empty.rejectedName + ".reason"].sorted())
        // A folder with something in it is not destroyed.
        try FileManager.default.createDirectory(
            atPath: "\(spool.path)/new/full.json/inner", withIntermediateDirectories: true)
        let full = try spool.take("full.json")
        try spool.folder.reject(full, of: uid, for: SpoolDefect("is a folder", hasContent: false))
        #expect(try spool.names("rejected/\(uid)/\(full.rejectedName)") == ["inner"])
        #expect(spool.folder.taken().isEmpty)
    }

    @Test func `what is not to be kept leaves its reason`() throws {
        try spool.drop("a.json", "nonsense")
        let file = try spool.take("a.json")
        try spool.folder.reject(file, of: uid, for: SpoolDefect("is nonsense"), keeping: false)
        #expect(try spool.names("rejected/\(uid)") == [file.rejectedName + ".reason"])
    }

    @Test func `a result replaces one of the same name and is never half there`() throws {
        for content in ["first", "second"] {
            var results = SpoolResults(spool.folder)
            try results.write(Array(content.utf8), as: "a.json", for: uid)
            try results.synchronise()
            #expect(
                try String(contentsOfFile: "\(spool.path)/done/\(uid)/a.json", encoding: .utf8) == content)
        }
        #expect(try spool.names("done/\(uid)") == ["a.json"])
        #expect(spool.folder.results(of: uid) == ["a.json"])
        #expect(spool.folder.removeResults(["a.json", "none.json"], of: uid) == 1)
        #expect(try spool.names("done/\(uid)").isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to be another user"))
    func `a result is its user's to read, and nobody else's`() throws {
        var results = SpoolResults(spool.folder)
        try results.write(Array("mine".utf8), as: "a.json", for: 4321)
        try results.synchronise()
        let unreadable = results.unreadable
        #expect(unreadable.isEmpty)
        #expect(chmod(spool.path, 0o711) == 0)
        let file = "\(spool.path)/done/4321/a.json"
        #expect(try run("/bin/cat", file, as: 4321) == "mine")
        #expect(try run("/bin/cat", file, as: 4322) == "")
        #expect(try run("/bin/ls", "\(spool.path)/done/4321", as: 4321) == "a.json\n")
        #expect(try run("/bin/ls", "\(spool.path)/done/4321", as: 4322) == "")
        // To read and nothing else.
        _ = try run("/bin/rm", file, as: 4321)
        #expect(try spool.names("done/4321") == ["a.json"])
    }

    @Test func `results and rejected files go after their time, and what was left in tmp is rejected`() throws
    {
        var results = SpoolResults(spool.folder)
        try results.write([1], as: "a.json", for: uid)
        try results.synchronise()
        try spool.drop("b.json", "nonsense")
        try spool.folder.reject(try spool.take("b.json"), of: uid, for: SpoolDefect("is nonsense"))
        try Data("left".utf8).write(to: URL(filePath: "\(spool.path)/tmp/c.json"))
        let now = wallClock()
        try spool.folder.age(results: .seconds(100), rejected: .seconds(300), now: now + 50)
        #expect(try spool.names("done/\(uid)") == ["a.json"])
        try spool.folder.age(results: .seconds(100), rejected: .seconds(300), now: now + 200)
        #expect(try spool.names("done/\(uid)").isEmpty)
        #expect(try spool.names("rejected/\(uid)").count == 2)
        try spool.folder.age(results: .seconds(100), rejected: .seconds(300), now: now + 400)
        #expect(try spool.names("rejected/\(uid)").isEmpty)
        #expect(try spool.names("tmp") == ["c.json"])
        try spool.folder.age(results: .seconds(100), rejected: .seconds(200_000), now: now + 90_000)
        #expect(try spool.names("tmp").isEmpty)
        #expect(try spool.names("rejected/\(uid)").contains { $0.hasSuffix("-c.json") })
    }

    @Test func `what is forgotten goes, and what is another's or another request's stays`() throws {
        var results = SpoolResults(spool.folder)
        for (name, id) in [("a.json", "r-1"), ("b.json", "r-2")] {
            try results.write(Array(#"{"requestId": "\#(id)"}"#.utf8), as: name, for: uid)
        }
        try results.synchronise()
        for content in ["nonsense ptarmigan", "nonsense"] {
            try spool.drop("c.json", content)
            try spool.folder.reject(try spool.take("c.json"), of: uid, for: SpoolDefect("is nonsense"))
        }
        func forget(_ erasure: SpoolErasure) -> [Int] {
            let erased = spool.folder.forget(erasure, of: uid)
            return [erased.results, erased.files]
        }
        #expect(forget(.some(requests: ["r-1"], label: nil)) == [1, 0])
        #expect(try spool.names("done/\(uid)") == ["b.json"])
        #expect(forget(.some(requests: [], label: "ptarmigan")) == [0, 1])
        #expect(try spool.names("rejected/\(uid)").count == 2)
        try spool.drop("d.json", "waits")
        let other = spool.folder.forget(.all, of: uid + 1)
        #expect(other.results == 0 && other.files == 0)
        #expect(forget(.all) == [1, 2])
        for folder in ["done/\(uid)", "rejected/\(uid)", "new"] { #expect(try spool.names(folder).isEmpty) }
    }

    @Test func `a rejected file that is too long to be looked through goes with any label`() throws {
        try spool.drop("small.json", #"{"label": "mine"}"#)
        try spool.drop("large.json", "")
        try spool.drop("other.json", #"{"label": "another"}"#)
        for name in ["small.json", "large.json", "other.json"] {
            try spool.folder.reject(try spool.take(name), of: uid, for: SpoolDefect("is nonsense"))
        }
        let large = try #require(try spool.names("rejected/\(uid)").first { $0.hasSuffix("large.json") })
        // It is its owner's still, who can make it any size: reading it must not take as much memory.
        #expect(truncate("\(spool.path)/rejected/\(uid)/\(large)", 64 << 30) == 0)
        let gone = spool.folder.forget(.some(requests: [], label: "mine"), of: uid)
        #expect(gone.files == 2 && gone.results == 0)
        let left = try spool.names("rejected/\(uid)")
        #expect(left.count == 2 && left.allSatisfy { $0.contains("other.json") })
    }

    @Test(.enabled(if: Immutable.canBe, "needs root and a file system with chattr"))
    func `what cannot be moved on from taking is told once, and holds up nothing`() throws {
        try FileManager.default.createDirectory(
            atPath: "\(spool.path)/new/folder/within", withIntermediateDirectories: true)
        let file = try spool.take("folder")
        let place = "\(spool.path)/taking/\(try spool.names("taking")[0])"
        try Immutable.set(place, true)
        defer { try? Immutable.set(place, false) }
        #expect(try spool.folder.read(file).defect?.hasContent == false)
        try spool.folder.reject(file, of: uid, for: SpoolDefect("is a folder", hasContent: false))
        #expect(try spool.names("rejected/\(uid)") == ["\(file.mark)-folder.reason"])
        #expect(spool.folder.taken().isEmpty, "it is not tried at every pass")
        #expect(try SpoolFolder(spool.path).taken() == [file], "the next start tries it again")
    }

    @Test func `a taking folder that others may write is refused`() throws {
        #expect(chmod("\(spool.path)/taking", 0o777) == 0)
        let error = #expect(throws: SgloradError.self) { try SpoolFolder(spool.path) }
        #expect(error?.code == .storageFailure && error?.message.contains("taking") == true)
    }

    private func run(_ program: String, _ argument: String, as uid: Int) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setpriv")
        process.arguments = [
            "--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", program, argument,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }
}

/// Folders that not even root can move: what rights taken away are for any other daemon.
private enum Immutable {
    static let canBe: Bool = {
        guard geteuid() == 0 else { return false }
        let path = NSTemporaryDirectory() + "immutable-\(UUID().uuidString)"
        guard mkdir(path, 0o700) == 0 else { return false }
        defer { rmdir(path) }
        guard (try? set(path, true)) != nil else { return false }
        return (try? set(path, false)) != nil
    }()

    static func set(_ path: String, _ isImmutable: Bool) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/chattr")
        process.arguments = [isImmutable ? "+i" : "-i", path]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CancellationError() }
    }
}
