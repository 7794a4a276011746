import ControlProtocol
import ErrorModel
import Foundation
import Glibc
import IntentQueue
import Privacy
import Testing

@testable import SgloradCore

@Suite("Taking in the spool", .timeLimit(.minutes(20)))
struct SpoolIntakeTests {
    @Test func `an intent is committed and its file gone; it is one request however often it comes`()
        async throws
    {
        let spool = try SpoolFixture()
        try spool.drop("a.json", #"{"text": "birds", "label": "mine", "seed": 3}"#)
        #expect(try await spool.intake().pass() == SpoolIntake.Outcome(accepted: 1))
        #expect(spool.names("new").isEmpty && spool.names("taking").isEmpty)
        let first = try #require(try await spool.queue.requests(uid: spool.uid, limit: 9).first)
        #expect(first.label == "mine" && first.base == "b" && first.spoolName == "a.json")
        try spool.drop("a.json", #"{"text": "birds", "label": "mine", "seed": 3}"#)
        _ = try await spool.intake().pass()
        #expect(try await spool.queue.requests(uid: nil, limit: 9) == [first])
        // Under another name, or with another content, it is another intent.
        try spool.drop("b.json", #"{"text": "birds", "label": "mine", "seed": 3}"#)
        try spool.drop("a.json", #"{"text": "fish"}"#)
        _ = try await spool.intake().pass()
        #expect(try await spool.queue.requests(uid: nil, limit: 9).count == 3)
        try await spool.close()
    }

    @Test func `what a crash left in taking is taken in, committed before or not`() async throws {
        let spool = try SpoolFixture()
        try spool.drop("before.json")
        try spool.drop("after.json")
        // The one was renamed and not committed; the other was committed and not removed.
        let waiting = try #require(spool.folder.waiting(atMost: 9)[spool.uid])
        var taken: [TakenFile] = []
        for file in waiting {
            if case .taken(let moved) = try spool.folder.take(file.name) { taken.append(moved) }
        }
        let after = try #require(taken.first { $0.name.resultName == "after.json" })
        guard case .content(let bytes, let uid, _) = try spool.folder.read(after) else {
            Issue.record("not read")
            return
        }
        let committed = try await spool.queue.submit(
            Submission(
                try IntentValidation.queued(try SpoolIntent.read(bytes)), base: "b", uid: uid,
                key: SpoolIntent.key("after.json", bytes), spoolName: "after.json"))
        #expect(try await spool.intake().pass().accepted == 2)
        #expect(spool.names("taking").isEmpty)
        let requests = try await spool.queue.requests(uid: nil, limit: 9)
        #expect(Set(requests.compactMap(\.spoolName)) == ["before.json", "after.json"])
        #expect(requests.count == 2 && requests.contains(committed))
        try await spool.close()
    }

    @Test func `what is no intent is rejected with its reason, and the app is told`() async throws {
        let spool = try SpoolFixture()
        try spool.drop("nonsense.json", "nonsense")
        try spool.drop("base.json", #"{"text": "birds", "base": "other"}"#)
        try spool.drop("blank.json", #"{"text": "  "}"#)
        try spool.drop("noending")
        #expect(mkfifo("\(spool.spool)/new/pipe.json", 0o644) == 0)
        #expect(symlink("/etc/passwd", "\(spool.spool)/new/link.json") == 0)
        #expect(mkdir("\(spool.spool)/new/folder.json", 0o755) == 0)
        #expect(try await spool.intake().pass() == SpoolIntake.Outcome(rejected: 7))
        #expect(try await spool.queue.counts() == [:])
        #expect(spool.names("new").isEmpty && spool.names("taking").isEmpty)
        let rejected = spool.names("rejected/\(spool.uid)")
        #expect(rejected.count { $0.hasSuffix(".reason") } == 7)
        #expect(rejected.count { !$0.hasSuffix(".reason") } == 4)
        let words = [
            "nonsense.json": "not sound JSON", "base.json": "b", "blank.json": "text",
            "noending.json": "name",
            "pipe.json": "a pipe", "link.json": "a symbolic link", "folder.json": "a folder",
        ]
        #expect(spool.names("done/\(spool.uid)") == words.keys.sorted())
        for (name, word) in words {
            let result = try spool.result(name)
            #expect(result.state == .rejected && result.requestId == nil && result.adapter == nil)
            guard case .string(let message)? = result.failure?.parameters["message"] else {
                Issue.record("\(name) without a message")
                continue
            }
            #expect(message.contains(word), "\(name): \(message)")
            if let place = result.rejected {
                #expect(FileManager.default.fileExists(atPath: place))
                #expect(try String(contentsOfFile: place + ".reason", encoding: .utf8).hasSuffix(".\n"))
            }
        }
        #expect(try spool.result("base.json").failure?.error == "io.sglorad.UnknownBase")
        try await spool.close()
    }

    @Test func `a file that can be neither taken in nor rejected holds up no other`() async throws {
        let spool = try SpoolFixture()
        let place = "\(spool.spool)/rejected/\(spool.uid)"
        #expect(FileManager.default.createFile(atPath: place, contents: nil))
        try spool.drop("a.json", "whimsical ptarmigan")
        try spool.drop("b.json")
        for accepted in [1, 0] {
            let outcome = try await spool.intake().pass()
            #expect(outcome.accepted == accepted && outcome.rejected == 0)
            #expect(outcome.failure?.code == .storageFailure)
            #expect(spool.names("taking").count == 1)
        }
        try FileManager.default.removeItem(atPath: place)
        #expect(try await spool.intake().pass() == SpoolIntake.Outcome(rejected: 1))
        #expect(spool.names("taking").isEmpty)
        try await spool.close()
    }

    @Test func `files wait whose user has no share of the disk left`() async throws {
        let spool = try SpoolFixture()
        try spool.drop("a.json")
        var intake = spool.intake()
        intake.hasShare = { _ in false }
        #expect(try await intake.pass() == SpoolIntake.Outcome(isWaiting: true))
        #expect(spool.names("new") == ["a.json"])
        intake.hasShare = { _ in true }
        #expect(try await intake.pass() == SpoolIntake.Outcome(accepted: 1))
        try await spool.close()
    }

    @Test func `what may still be made whole waits, and is taken in once it is`() async throws {
        let spool = try SpoolFixture()
        let place = "\(spool.spool)/new/slow.json"
        try Data(#"{"text": "bi"#.utf8).write(to: URL(filePath: place))
        let writer = try #require(FileHandle(forWritingAtPath: place))
        let patient = spool.intake(settling: 3600)
        #expect(try await patient.pass() == SpoolIntake.Outcome(unsettled: 1))
        #expect(spool.names("new").isEmpty && spool.names("taking").count == 1)
        // The writer has the file open still, wherever it is called now.
        try writer.seekToEnd()
        try writer.write(contentsOf: Data(#"rds"}"#.utf8))
        try writer.close()
        #expect(try await patient.pass() == SpoolIntake.Outcome(accepted: 1))
        #expect(try await spool.queue.take()?.intent.text == "birds")
        try await spool.close()
    }

    @Test func `a full queue leaves files where they are, for as long as it takes`() async throws {
        let spool = try SpoolFixture(QueueOptions(capacity: 5, perUser: 3))
        for number in 0..<8 { try spool.drop("\(number).json") }
        #expect(try await spool.intake().pass() == SpoolIntake.Outcome(accepted: 3, isWaiting: true))
        #expect(spool.names("new").count == 5 && spool.names("rejected").isEmpty)
        #expect(try await spool.intake().pass() == SpoolIntake.Outcome(isWaiting: true))
        var ended = 0
        while let taken = try await spool.queue.take() {
            try await spool.queue.finish(taken.lease, as: .refused)
            ended += 1
            _ = try await spool.intake().pass()
        }
        #expect(ended == 8 && spool.names("new").isEmpty && spool.names("taking").isEmpty)
        try await spool.close()
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to make other users' files"))
    func `each file is its owner's, and one user's crowd does not keep another out`() async throws {
        let spool = try SpoolFixture(QueueOptions(capacity: 100, perUser: 2))
        for number in 0..<6 { try spool.drop("\(number).json", as: 4001) }
        try spool.drop("other.json", as: 4002)
        #expect(try await spool.intake().pass() == SpoolIntake.Outcome(accepted: 3, isWaiting: true))
        #expect(try await spool.queue.requests(uid: 4001, limit: 9).count == 2)
        #expect(try await spool.queue.requests(uid: 4002, limit: 9).map(\.spoolName) == ["other.json"])
        // Its result would be that user's too.
        try spool.drop("bad.json", "nonsense", as: 4003)
        _ = try await spool.intake().pass()
        #expect(try spool.result("bad.json", of: 4003).state == .rejected)
        try await spool.close()
    }

    @Test func `rejected files are not kept where they are not to be`() async throws {
        let spool = try SpoolFixture()
        try spool.drop("a.json", "whimsical ptarmigan")
        #expect(try await spool.intake(keepsRejected: false).pass().rejected == 1)
        #expect(spool.names("rejected/\(spool.uid)").allSatisfy { $0.hasSuffix(".reason") })
        #expect(try spool.result("a.json").rejected == nil)
        try await spool.close()
    }

    @Test func `many files at once are taken in without a loss`() async throws {
        // 50,000 in 'make spool-flood'.
        let count = ProcessInfo.processInfo.environment["SGLORAD_SPOOL_FILES"].flatMap(Int.init) ?? 2_000
        let spool = try SpoolFixture(QueueOptions(capacity: count, perUser: count))
        for number in 0..<count {
            let descriptor = open("\(spool.spool)/new/\(number).json", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            let content = Array(#"{"text": "birds \#(number)"}"#.utf8)
            #expect(write(descriptor, content, content.count) == content.count)
            close(descriptor)
        }
        let start = ContinuousClock.now
        #expect(try await spool.intake().pass() == SpoolIntake.Outcome(accepted: count))
        print("\(count) spooled files taken in within \(ContinuousClock.now - start)")
        #expect(spool.names("new").isEmpty && spool.names("taking").isEmpty)
        let requests = try await spool.queue.requests(uid: nil, limit: count + 1)
        #expect(Set(requests.compactMap(\.spoolName)).count == count && requests.count == count)
        try await spool.close()
    }
}
