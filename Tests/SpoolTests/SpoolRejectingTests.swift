import ErrorModel
import Files
import Foundation
import Glibc
import Testing

@testable import Spool

@Suite("Rejection, results, retention and erasure", .timeLimit(.minutes(20)))
struct SpoolRejectingTests {
    private let spool: TemporarySpool
    private let owner = UserID.current

    init() throws { spool = try TemporarySpool() }

    @Test func `a rejected file is kept beside its reason, under the same names when repeated`() throws {
        try spool.drop("a.json", "nonsense")
        let file = try spool.take("a.json")
        try spool.folder.reject(file, of: owner, for: SpoolDefect("is nonsense"))
        let name = "\(file.mark)-a.json"
        #expect(spool.names("rejected/\(owner)") == [name, name + ".reason"])
        #expect(
            try String(contentsOfFile: "\(spool.path)/rejected/\(owner)/\(name)", encoding: .utf8)
                == "nonsense"
        )
        #expect(
            try String(contentsOfFile: "\(spool.path)/rejected/\(owner)/\(name).reason", encoding: .utf8)
                == "The file is nonsense.\n")
        #expect(spool.folder.taken().isEmpty)
        // As after a crash that lost only the move.
        #expect(rename("\(spool.path)/rejected/\(owner)/\(name)", "\(spool.path)/taking/\(name)") == 0)
        try spool.folder.reject(file, of: owner, for: SpoolDefect("is nonsense"))
        #expect(spool.names("rejected/\(owner)") == [name, name + ".reason"])
    }

    @Test func `of a file without content only the reason is kept`() throws {
        #expect(symlink("/etc/hostname", "\(spool.path)/new/link.json") == 0)
        let link = try spool.take("link.json")
        try spool.folder.reject(link, of: owner, for: SpoolDefect("is a link", hasContent: false))
        #expect(mkdir("\(spool.path)/new/empty.json", 0o755) == 0)
        let empty = try spool.take("empty.json")
        try spool.folder.reject(empty, of: owner, for: SpoolDefect("is a folder", hasContent: false))
        #expect(
            spool.names("rejected/\(owner)").sorted()
                == [link.rejectedName + ".reason", empty.rejectedName + ".reason"].sorted())
        // A folder that is not empty is kept.
        try FileManager.default.createDirectory(
            atPath: "\(spool.path)/new/full.json/inner", withIntermediateDirectories: true)
        let full = try spool.take("full.json")
        try spool.folder.reject(full, of: owner, for: SpoolDefect("is a folder", hasContent: false))
        #expect(spool.names("rejected/\(owner)/\(full.rejectedName)") == ["inner"])
        #expect(spool.folder.taken().isEmpty)
    }

    @Test func `without retention of rejected files only the reason is kept`() throws {
        try spool.drop("a.json", "nonsense")
        let file = try spool.take("a.json")
        try spool.folder.reject(file, of: owner, for: SpoolDefect("is nonsense"), keeping: false)
        #expect(spool.names("rejected/\(owner)") == [file.rejectedName + ".reason"])
    }

    @Test func `a result replaces one of the same name`() throws {
        for content in ["first", "second"] {
            var results = SpoolResults(spool.folder)
            try results.write(Array(content.utf8), as: "a.json", for: owner)
            #expect(results.publish().isEmpty)
            #expect(
                try String(contentsOfFile: "\(spool.path)/done/\(owner)/a.json", encoding: .utf8) == content)
        }
        #expect(spool.names("done/\(owner)") == ["a.json"])
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to be another user"))
    func `a result is readable for its user only`() throws {
        var results = SpoolResults(spool.folder)
        try results.write(Array("mine".utf8), as: "a.json", for: 4321)
        #expect(results.publish().isEmpty)
        let unreadable = results.unreadable
        #expect(unreadable.isEmpty)
        #expect(chmod(spool.path, 0o711) == 0)
        let file = "\(spool.path)/done/4321/a.json"
        #expect(try run("/bin/cat", file, as: 4321) == "mine")
        #expect(try run("/bin/cat", file, as: 4322) == "")
        #expect(try run("/bin/ls", "\(spool.path)/done/4321", as: 4321) == "a.json\n")
        #expect(try run("/bin/ls", "\(spool.path)/done/4321", as: 4322) == "")
        // The user can read it and nothing else.
        _ = try run("/bin/rm", file, as: 4321)
        #expect(spool.names("done/4321") == ["a.json"])
    }

    @Test
    func
        `results and rejected files are removed after their retention, and files abandoned in tmp are rejected`()
        throws
    {
        var results = SpoolResults(spool.folder)
        try results.write([1], as: "a.json", for: owner)
        #expect(results.publish().isEmpty)
        try spool.drop("b.json", "nonsense")
        try spool.folder.reject(try spool.take("b.json"), of: owner, for: SpoolDefect("is nonsense"))
        try Data("left".utf8).write(to: URL(filePath: "\(spool.path)/tmp/c.json"))
        let now = wallClock()
        func retain(rejected: Int = 300, at now: Int) {
            let expired = spool.folder.expired(
                results: .seconds(100), rejected: .seconds(rejected), age: { now - $0 })
            #expect(spool.folder.remove(expired) == expired.count)
            #expect(spool.folder.rejectAbandoned(age: { now - $0 }).failure == nil)
        }
        retain(at: now + 50)
        #expect(spool.names("done/\(owner)") == ["a.json"])
        retain(at: now + 200)
        #expect(spool.names("done/\(owner)").isEmpty)
        #expect(spool.names("rejected/\(owner)").count == 2)
        retain(at: now + 400)
        #expect(spool.names("rejected/\(owner)").isEmpty)
        #expect(spool.names("tmp") == ["c.json"])
        retain(rejected: 200_000, at: now + 90_000)
        #expect(spool.names("tmp").isEmpty)
        #expect(spool.names("rejected/\(owner)").contains { $0.hasSuffix("-c.json") })
    }

    @Test func `erasure removes the data of its requests, label or user only`() throws {
        var results = SpoolResults(spool.folder)
        for (name, id) in [("a.json", "r-1"), ("b.json", "r-2")] {
            try results.write(Array(#"{"requestId": "\#(id)"}"#.utf8), as: name, for: owner)
        }
        #expect(results.publish().isEmpty)
        for content in ["nonsense ptarmigan", "nonsense"] {
            try spool.drop("c.json", content)
            try spool.folder.reject(try spool.take("c.json"), of: owner, for: SpoolDefect("is nonsense"))
        }
        func forget(_ erasure: SpoolErasure) -> [Int] {
            let erased = spool.folder.forget(erasure, of: owner)
            return [erased.results, erased.files]
        }
        #expect(forget(.some(requests: ["r-1"], label: nil)) == [1, 0])
        #expect(spool.names("done/\(owner)") == ["b.json"])
        #expect(forget(.some(requests: [], label: "ptarmigan")) == [0, 1])
        #expect(spool.names("rejected/\(owner)").count == 2)
        let other = spool.folder.forget(.all, of: UserID(owner.rawValue + 1))
        #expect(other == SpoolErased())
        #expect(forget(.all) == [1, 1])
        for folder in ["done/\(owner)", "rejected/\(owner)", "new"] { #expect(spool.names(folder).isEmpty) }
    }

    @Test func `a rejected file that is too long to search is erased with any label`() throws {
        try spool.drop("small.json", #"{"label": "mine"}"#)
        try spool.drop("large.json", "")
        try spool.drop("other.json", #"{"label": "another"}"#)
        for name in ["small.json", "large.json", "other.json"] {
            try spool.folder.reject(try spool.take(name), of: owner, for: SpoolDefect("is nonsense"))
        }
        let large = try #require(spool.names("rejected/\(owner)").first { $0.hasSuffix("large.json") })
        // It still belongs to its owner, who can make it any size: it must not be read into memory.
        #expect(truncate("\(spool.path)/rejected/\(owner)/\(large)", 64 << 30) == 0)
        let gone = spool.folder.forget(.some(requests: [], label: "mine"), of: owner)
        #expect(gone.files == 2 && gone.results == 0)
        let left = spool.names("rejected/\(owner)")
        #expect(left.count == 2 && left.allSatisfy { $0.contains("other.json") })
    }

    @Test(.enabled(if: Immutable.canBe, "needs root and a file system with chattr"))
    func `a file that cannot be moved from taking is reported once and blocks nothing`() throws {
        try FileManager.default.createDirectory(
            atPath: "\(spool.path)/new/folder/within", withIntermediateDirectories: true)
        let file = try spool.take("folder")
        let place = "\(spool.path)/taking/\(try #require(spool.names("taking").first))"
        try Immutable.set(place, true)
        defer { try? Immutable.set(place, false) }
        #expect(try spool.folder.read(file).defect?.hasContent == false)
        try spool.folder.reject(file, of: owner, for: SpoolDefect("is a folder", hasContent: false))
        #expect(spool.names("rejected/\(owner)") == ["\(file.mark)-folder.reason"])
        #expect(spool.folder.taken().isEmpty, "it is not tried again by every pass")
        #expect(try SpoolFolder(spool.path).taken() == [file], "it is tried again by the next run")
    }

    @Test func `a taking folder that others can write to is refused`() throws {
        #expect(chmod("\(spool.path)/taking", 0o777) == 0)
        let error = #expect(throws: SgloradError.self) { try SpoolFolder(spool.path) }
        #expect(error?.code == .storageFailure && error?.message.contains("taking") == true)
    }

    private func run(_ program: String, _ argument: String, as uid: UInt32) throws -> String {
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

/// Folders that not even root can move, to stand for folders without the daemon's permission.
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
