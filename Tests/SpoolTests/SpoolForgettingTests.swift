import ErrorModel
import Files
import Foundation
import Glibc
import SpoolForms
import Testing

@testable import Spool

@Suite("Forgetting in the spool", .timeLimit(.minutes(20)))
struct SpoolForgettingTests {
    private let spool: TemporarySpool
    private var owner: UserID { spool.owner }

    init() throws { spool = try TemporarySpool() }

    private func forgetWaiting(_ label: String?, of owner: UserID? = nil) -> SpoolErased {
        var erasure = WaitingErasure(label: label, of: owner ?? self.owner)
        while !erasure.isComplete { erasure.step(in: spool.folder) }
        return erasure.erased
    }

    private func reject(_ name: String, _ content: String) throws {
        try spool.drop(name, content)
        let file = try spool.take(name)
        let rejection = SpoolRejection(
            file: file, name: file.rejectedName, owner: owner, defect: SpoolDefect("is nonsense"),
            result: (name, .invalidFile(name, "it is nonsense.")))
        #expect(spool.folder.reject([rejection], keeping: true).failure == nil)
    }

    @Test func `a label erases rejected files however they write it, with their reasons and results`() throws
    {
        try reject("a.json", #"{"label": "mail\u0062ox", "text": 7}"#)
        try reject("b.json", #"{"label": "m\u0061ilbox""#)
        try reject("mailbox.json", "nothing")
        try reject("c.json", #"{"label": "letterbox", "text": 7}"#)
        let erased = spool.folder.forget(.some(requests: [], label: "mailbox"), of: owner)
        #expect(erased == SpoolErased(results: 3, files: 3))
        #expect(spool.names("done/\(owner)") == ["c.json"])
        let left = spool.names("rejected/\(owner)")
        #expect(left.count == 2 && left.allSatisfy { $0.contains("-c.json") }, "\(left)")
        // Neither the prefixes of the names nor the words of a reason are the user's.
        for label in ["nonsense", "json", "reason", "0", "6"] {
            #expect(
                spool.folder.forget(.some(requests: [], label: label), of: owner) == SpoolErased(), "\(label)"
            )
        }
    }

    @Test func `a label erases waiting intents that have it, and waiting files that hold it`() throws {
        try spool.drop("has.json", #"{"text": "birds", "label": "m\u0061ilbox"}"#)
        try spool.drop("says.json", #"{"text": "sort my mailbox", "label": "other"}"#)
        try spool.drop("broken.json", #"{"label": "m\u0061ilbox", "text""#)
        try spool.drop("taken.json", #"{"text": "birds", "label": "mailbox"}"#)
        _ = try spool.take("taken.json")
        try Data(#"{"text": "b", "label": "mailbox"}"#.utf8).write(to: URL(filePath: "\(spool.path)/tmp/t"))
        #expect(mkfifo("\(spool.path)/new/pipe.json", 0o600) == 0)
        #expect(forgetWaiting("mailbox") == SpoolErased(files: 4))
        #expect(spool.names("new") == ["pipe.json", "says.json"])
        #expect(spool.names("tmp").isEmpty && spool.names("taking").isEmpty)
        #expect(forgetWaiting(nil) == SpoolErased(files: 2))
        #expect(spool.names("new").isEmpty)
    }

    @Test func `many waiting files are erased in steps, those of others not`() throws {
        for number in 0..<1_200 { try spool.drop("\(number).json") }
        #expect(forgetWaiting(nil, of: UserID(owner.rawValue + 1)) == SpoolErased())
        #expect(forgetWaiting(nil) == SpoolErased(files: 1_200))
        #expect(spool.names("new").isEmpty)
    }

    @Test func `folders with content are erased, and links in them are not followed`() throws {
        let outside = try TemporarySpool()
        try outside.drop("kept.json")
        for place in ["new/folder.json", "tmp/folder", "rejected/\(owner)/0123456789abcdef-folder"] {
            try FileManager.default.createDirectory(
                atPath: "\(spool.path)/\(place)/a/b", withIntermediateDirectories: true)
            for file in ["x", "a/y", "a/b/.z"] {
                try Data("private".utf8).write(to: URL(filePath: "\(spool.path)/\(place)/\(file)"))
            }
            #expect(symlink("\(outside.path)/new", "\(spool.path)/\(place)/a/link") == 0)
        }
        #expect(forgetWaiting(nil) == SpoolErased(files: 8))
        #expect(spool.folder.forget(.all, of: owner) == SpoolErased(files: 4))
        for place in ["new", "tmp", "rejected/\(owner)"] { #expect(spool.names(place).isEmpty) }
        #expect(outside.names("new") == ["kept.json"])
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to make other users' files"))
    func `what cannot be erased is named with the reason`() throws {
        let place = "\(spool.path)/new/folder.json"
        try FileManager.default.createDirectory(
            atPath: "\(place)/theirs/inner", withIntermediateDirectories: true)
        #expect(chown(place, 4001, 4001) == 0 && chown("\(place)/theirs", 4002, 4002) == 0)
        try Data("mine".utf8).write(to: URL(filePath: "\(place)/mine"))
        let erased = forgetWaiting(nil, of: 4001)
        #expect(erased.files == 1 && erased.left.map(\.path) == [place])
        #expect(erased.left.first?.reason.contains("rm -r") == true, "\(erased.left)")
        #expect(spool.names("new/folder.json/theirs") == ["inner"])
        // The other user's folder is not theirs to erase by that way.
        #expect(forgetWaiting(nil, of: 4002) == SpoolErased())
    }
}
