import ErrorModel
import Files
import Foundation
import Glibc
import Privacy
import SpoolForms
import Testing

@testable import Spool

@Suite("Intake of the spool", .timeLimit(.minutes(20)))
struct SpoolIntakeTests {
    @Test func `an intent is committed and its file removed; a repetition is the same request`()
        async throws
    {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        try spool.drop("a.json", #"{"text": "birds", "label": "mine", "seed": 3}"#)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: 1))
        #expect(spool.names("new").isEmpty && spool.names("taking").isEmpty)
        let first = try #require(await backend.requests.first?.intent)
        #expect(first.owner == spool.owner && first.name == "a.json")
        #expect(first.intent == Form.Intent(text: "birds", seed: 3, label: "mine"))
        try spool.drop("a.json", #"{"text": "birds", "label": "mine", "seed": 3}"#)
        _ = try await fixture.intake().pass()
        #expect(await backend.requests.map(\.intent.digest) == [first.digest])
        // Another name or another content makes another request.
        try spool.drop("b.json", #"{"text": "birds", "label": "mine", "seed": 3}"#)
        try spool.drop("a.json", #"{"text": "fish"}"#)
        _ = try await fixture.intake().pass()
        #expect(await backend.requests.count == 3)
        await fixture.close()
    }

    @Test func `files that a crash left in taking are taken in, committed before or not`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        try spool.drop("before.json")
        try spool.drop("after.json")
        // One was moved and not committed; the other was committed and not removed.
        let waiting = try #require(spool.folder.waiting(atMost: 9)[spool.owner])
        var taken: [TakenFile] = []
        for file in waiting {
            if case .taken(let moved) = try spool.folder.take(file.name) { taken.append(moved) }
        }
        let after = try #require(taken.first { $0.name.resultName == "after.json" })
        guard case .content(let bytes, let owner, _) = try spool.folder.read(after) else {
            Issue.record("not read")
            return
        }
        let committed = SpooledIntent(
            intent: try SpoolIntent.read(bytes), owner: owner, name: "after.json",
            digest: SpooledIntent.digest(name: "after.json", content: bytes))
        _ = try await backend.admit([committed])
        #expect(try await fixture.intake().pass().accepted == 2)
        #expect(spool.names("taking").isEmpty)
        let requests = await backend.requests.map(\.intent)
        #expect(Set(requests.map(\.name)) == ["before.json", "after.json"])
        #expect(requests.count == 2 && requests.contains { $0.digest == committed.digest })
        await fixture.close()
    }

    @Test func `an invalid file is rejected with its reason, and its owner gets a result`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        try spool.drop("nonsense.json", "nonsense")
        try spool.drop("base.json", #"{"text": "birds", "base": "other"}"#)
        try spool.drop("blank.json", #"{"text": "  "}"#)
        try spool.drop("noending")
        #expect(mkfifo("\(spool.path)/new/pipe.json", 0o644) == 0)
        #expect(symlink("/etc/passwd", "\(spool.path)/new/link.json") == 0)
        #expect(mkdir("\(spool.path)/new/folder.json", 0o755) == 0)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(rejected: 7))
        #expect(await backend.requests.isEmpty)
        #expect(spool.names("new").isEmpty && spool.names("taking").isEmpty)
        let rejected = spool.names("rejected/\(spool.owner)")
        #expect(rejected.count { $0.hasSuffix(".reason") } == 7)
        #expect(rejected.count { !$0.hasSuffix(".reason") } == 4)
        let words = [
            "nonsense.json": "not valid JSON", "base.json": "b", "blank.json": "text",
            "noending.json": "name",
            "pipe.json": "a pipe", "link.json": "a symbolic link", "folder.json": "a folder",
        ]
        #expect(spool.names("done/\(spool.owner)") == words.keys.sorted())
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
        await fixture.close()
    }

    @Test func `a file that can be neither taken in nor rejected blocks no other`() async throws {
        let fixture = try SpoolFixture()
        let spool = fixture.spool
        let place = "\(spool.path)/rejected/\(spool.owner)"
        #expect(FileManager.default.createFile(atPath: place, contents: nil))
        try spool.drop("a.json", "whimsical ptarmigan")
        try spool.drop("b.json")
        for accepted in [1, 0] {
            let outcome = try await fixture.intake().pass()
            #expect(outcome.accepted == accepted && outcome.rejected == 0)
            #expect(outcome.failure?.code == .storageFailure)
            #expect(spool.names("taking").count == 1)
        }
        try FileManager.default.removeItem(atPath: place)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(rejected: 1))
        #expect(spool.names("taking").isEmpty)
        await fixture.close()
    }

    @Test func `files wait while their user's share of the disk is used up`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        try spool.drop("a.json")
        await backend.set(hasShare: false)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(isWaiting: true))
        #expect(spool.names("new") == ["a.json"])
        await backend.set(hasShare: true)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: 1))
        await fixture.close()
    }

    @Test func `a file that is still being written waits, and is taken in once it is complete`() async throws
    {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        let place = "\(spool.path)/new/slow.json"
        try Data(#"{"text": "bi"#.utf8).write(to: URL(filePath: place))
        let writer = try #require(FileHandle(forWritingAtPath: place))
        let patient = fixture.intake(settling: 3600)
        #expect(try await patient.pass() == SpoolIntake.Outcome(unsettled: 1))
        #expect(spool.names("new").isEmpty && spool.names("taking").count == 1)
        // The writer still has the file open, though it was moved.
        try writer.seekToEnd()
        try writer.write(contentsOf: Data(#"rds"}"#.utf8))
        try writer.close()
        #expect(try await patient.pass() == SpoolIntake.Outcome(accepted: 1))
        #expect(await backend.requests.first?.intent.intent.text == "birds")
        await fixture.close()
    }

    @Test func `an intent that the backend calls invalid is rejected only after the settle time`()
        async throws
    {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        // Complete JSON, but a later version of it may name a base that exists.
        try spool.drop("base.json", #"{"text": "birds", "base": "other"}"#)
        #expect(try await fixture.intake(settling: 3600).pass() == SpoolIntake.Outcome(unsettled: 1))
        #expect(spool.names("taking").count == 1 && spool.names("rejected").isEmpty)
        let place = "\(spool.path)/taking/\(try #require(spool.names("taking").first))"
        try Data(#"{"text": "birds", "base": "b"}"#.utf8).write(to: URL(filePath: place))
        #expect(try await fixture.intake(settling: 3600).pass() == SpoolIntake.Outcome(accepted: 1))
        try spool.drop("base.json", #"{"text": "birds", "base": "other"}"#)
        #expect(try await fixture.intake(settling: 0).pass() == SpoolIntake.Outcome(rejected: 1))
        #expect(await backend.requests.count == 1)
        await fixture.close()
    }

    @Test func `a backend that fails loses no file`() async throws {
        let fixture = try SpoolFixture()
        let (spool, backend) = (fixture.spool, fixture.backend)
        try spool.drop("a.json")
        _ = try spool.take("a.json")
        try spool.drop("b.json")
        await backend.set(failure: .storageFailure("/queue.db", "the disk is full."))
        await #expect(throws: SgloradError.self) { try await fixture.intake().pass() }
        #expect(spool.names("new") == ["b.json"] && spool.names("taking").count == 1)
        await backend.set(failure: nil)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: 2))
        #expect(spool.names("new").isEmpty && spool.names("taking").isEmpty)
        await fixture.close()
    }

    @Test func `files stay in new while the queue is full`() async throws {
        let fixture = try SpoolFixture(capacity: 5, perUser: 3)
        let (spool, backend) = (fixture.spool, fixture.backend)
        for number in 0..<8 { try spool.drop("\(number).json") }
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: 3, isWaiting: true))
        #expect(spool.names("new").count == 5 && spool.names("rejected").isEmpty)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(isWaiting: true))
        var ended = 0
        while await backend.finishNext() {
            ended += 1
            _ = try await fixture.intake().pass()
        }
        #expect(ended == 8 && spool.names("new").isEmpty && spool.names("taking").isEmpty)
        await fixture.close()
    }

    @Test(.enabled(if: geteuid() == 0, "needs root, to make other users' files"))
    func `each file belongs to its owner, and one user's many files do not block another's`() async throws {
        let fixture = try SpoolFixture(capacity: 100, perUser: 2)
        let (spool, backend) = (fixture.spool, fixture.backend)
        for number in 0..<6 { try spool.drop("\(number).json", as: 4001) }
        try spool.drop("other.json", as: 4002)
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: 3, isWaiting: true))
        let requests = await backend.requests.map(\.intent)
        #expect(requests.count { $0.owner == 4001 } == 2)
        #expect(requests.filter { $0.owner == 4002 }.map(\.name) == ["other.json"])
        // The result of a rejected file goes to its owner, too.
        try spool.drop("bad.json", "nonsense", as: 4003)
        _ = try await fixture.intake().pass()
        #expect(try spool.result("bad.json", of: 4003).state == .rejected)
        await fixture.close()
    }

    @Test func `rejected files are not kept if their retention is zero`() async throws {
        let fixture = try SpoolFixture()
        let spool = fixture.spool
        try spool.drop("a.json", "whimsical ptarmigan")
        #expect(try await fixture.intake(keepsRejected: false).pass().rejected == 1)
        #expect(spool.names("rejected/\(spool.owner)").allSatisfy { $0.hasSuffix(".reason") })
        #expect(try spool.result("a.json").rejected == nil)
        await fixture.close()
    }

    @Test func `many files at once are taken in without loss`() async throws {
        // 'make spool-flood' sets 50,000.
        let count = ProcessInfo.processInfo.environment["SGLORAD_SPOOL_FILES"].flatMap(Int.init) ?? 2_000
        let fixture = try SpoolFixture(capacity: count, perUser: count)
        let (spool, backend) = (fixture.spool, fixture.backend)
        for number in 0..<count {
            let descriptor = open("\(spool.path)/new/\(number).json", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            let content = Array(#"{"text": "birds \#(number)"}"#.utf8)
            #expect(write(descriptor, content, content.count) == content.count)
            close(descriptor)
        }
        let start = ContinuousClock.now
        #expect(try await fixture.intake().pass() == SpoolIntake.Outcome(accepted: count))
        print("\(count) spooled files taken in within \(ContinuousClock.now - start)")
        #expect(spool.names("new").isEmpty && spool.names("taking").isEmpty)
        let requests = await backend.requests
        #expect(Set(requests.map(\.intent.name)).count == count && requests.count == count)
        #expect(await backend.batches.allSatisfy { $0 <= SpoolIntake.batch })
        await fixture.close()
    }
}
