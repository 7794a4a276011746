import ErrorModel
import Files
import Foundation
import IntentQueue
import TestSupport
import Testing

@Suite("Idempotency", .timeLimit(.minutes(20)))
struct IdempotencyTests {
    private let place: TemporaryQueue
    private let time = ManualClock()
    private var keyFile: String { place.folder + "/idempotency.key" }

    init() throws { place = try TemporaryQueue() }

    private func open(_ options: QueueOptions = QueueOptions()) throws -> RequestQueue {
        try place.open(options, clock: time.clock())
    }

    private func submission(
        _ key: String, content: String = "content", uid: UserID = 1000, text: String = "text"
    ) -> Submission {
        Submission(
            QueuedIntent(text), base: "b", uid: uid,
            key: IdempotencyKey(key, content: Array(content.utf8)))
    }

    @Test func `a repetition is answered with the first request, open, final, and after a restart`()
        async throws
    {
        let queue = try open()
        let first = try await queue.submit(submission("order-7"))
        #expect(try await queue.submit(submission("order-7")).id == first.id)
        try await queue.end(.done, adapter: "a-1")
        let replay = try await queue.submit(submission("order-7"))
        #expect(replay.id == first.id && replay.state == .done && replay.adapter == "a-1")
        try await queue.close()
        let again = try open()
        #expect(try await again.submit(submission("order-7")).id == first.id)
        #expect(try await again.counts() == [.done: 1])
        try await again.close()
    }

    @Test func `each user has a namespace of keys`() async throws {
        let queue = try open()
        let mine = try await queue.submit(submission("key", uid: 1))
        let other = try await queue.submit(submission("key", content: "another", uid: 2))
        #expect(mine.id != other.id && other.uid == 2)
        try await queue.close()
    }

    @Test func `a key can be looked up without a submission, per user`() async throws {
        let queue = try open()
        func isKnown(_ key: String, uid: UserID = 1000) async throws -> Bool {
            try await queue.knows(IdempotencyKey(key, content: []), uid: uid)
        }
        #expect(try await !isKnown("key"))
        try await queue.submit(submission("key"))
        #expect(try await isKnown("key"))
        #expect(try await !isKnown("another"))
        #expect(try await !isKnown("key", uid: 1001))
        #expect(try await !queue.knows(IdempotencyKey("key", content: [], origin: .spool), uid: 1000))
        try await queue.end(.done, adapter: "a-1")
        #expect(try await isKnown("key"))
        try await queue.close()
    }

    @Test func `the same key with another intent is rejected`() async throws {
        let queue = try open()
        try await queue.submit(submission("key"))
        let error = await refusal(.invalidIntent) {
            try await queue.submit(submission("key", content: "other"))
        }
        #expect(error?.parameters["field"] == .string("idempotencyKey"))
        #expect(try await queue.counts() == [.queued: 1])
        try await queue.close()
    }

    @Test func `a full queue still answers a repetition`() async throws {
        let queue = try open(QueueOptions(capacity: 1))
        let first = try await queue.submit(submission("key"))
        #expect(try await queue.submit(submission("key")).id == first.id)
        _ = await refusal(.busy) { try await queue.submit(submission("new")) }
        try await queue.close()
    }

    @Test func `a repetition within one batch is recognised`() async throws {
        let queue = try open()
        let results = try await queue.submit([
            submission("key"), submission("key"), submission("key", content: "x"),
        ])
        #expect(try results[0].get().id == results[1].get().id)
        #expect(throws: SgloradError.self) { try results[2].get() }
        try await queue.close()
    }

    @Test(arguments: [0, 257]) func `a key has 1 to 256 bytes`(count: Int) async throws {
        let queue = try open()
        let error = await refusal(.invalidIntent) {
            try await queue.submit(submission(String(repeating: "k", count: count)))
        }
        #expect(error?.parameters["field"] == .string("idempotencyKey"))
        try await queue.submit(submission(String(repeating: "k", count: 256)))
        try await queue.close()
    }

    @Test func `a key is forgotten after its time, but not while its request is open`() async throws {
        let queue = try open(QueueOptions(keepKeys: .seconds(3600), keepRequests: .seconds(864_000)))
        let first = try await queue.submit(submission("key"))
        time.pass(.seconds(3601))
        try await queue.sweep()
        #expect(try await queue.submit(submission("key")).id == first.id)
        try await queue.end(.failed)
        try await queue.sweep()
        let second = try await queue.submit(submission("key", content: "another"))
        #expect(second.id != first.id)
        #expect(try await queue.request(first.id)?.state == .failed)
        try await queue.close()
    }

    @Test func `neither key nor content is in any file, and the secret is outside the database`()
        async throws
    {
        let queue = try open()
        try await queue.submit(submission("ptarmigan-key", content: "kumquat-content"))
        try await queue.close()
        #expect(try place.holding(["ptarmigan-key", "kumquat-content"]).isEmpty)
        let attributes = try FileManager.default.attributesOfItem(atPath: keyFile)
        #expect(attributes[.posixPermissions] as? Int == 0o600 && attributes[.size] as? Int == 128)
        let secret = try Data(contentsOf: URL(filePath: keyFile)).prefix(32)
        let database = try Data(contentsOf: URL(filePath: place.path))
        #expect(database.range(of: secret) == nil)
    }

    @Test(arguments: [0, 31, 32, 63, 64, 100, 127])
    func `a changed byte of the secret's file costs nothing, and is mended`(place: Int) async throws {
        let queue = try open()
        let first = try await queue.submit(submission("key"))
        try await queue.close()
        let whole = try Data(contentsOf: URL(filePath: keyFile))
        var damaged = whole
        damaged[place] ^= 0x10
        try damaged.write(to: URL(filePath: keyFile))
        let again = try open()
        #expect(try await again.submit(submission("key")).id == first.id)
        #expect(try Data(contentsOf: URL(filePath: keyFile)) == whole)
        try await again.close()
    }

    @Test func `the secret of an earlier version, which wrote it alone, is kept`() async throws {
        let queue = try open()
        let first = try await queue.submit(submission("key"))
        try await queue.close()
        let whole = try Data(contentsOf: URL(filePath: keyFile))
        try whole.prefix(32).write(to: URL(filePath: keyFile))
        let again = try open()
        #expect(try await again.submit(submission("key")).id == first.id)
        #expect(try Data(contentsOf: URL(filePath: keyFile)) == whole)
        try await again.close()
    }

    @Test(arguments: ["", "too short", String(repeating: "long", count: 9)])
    func `a secret that is lost or damaged is replaced, and earlier keys are forgotten`(content: String)
        async throws
    {
        let queue = try open()
        let first = try await queue.submit(submission("key"))
        try await queue.close()
        if content.isEmpty {
            try FileManager.default.removeItem(atPath: keyFile)
        } else {
            try Data(content.utf8).write(to: URL(filePath: keyFile))
        }
        let again = try open()
        let second = try await again.submit(submission("key"))
        #expect(second.id != first.id)
        #expect(try await again.submit(submission("key")).id == second.id)
        try await again.close()
    }

    @Test(arguments: ["folder", "link"])
    func `a secret that exists and cannot be read is not replaced`(what: String) async throws {
        let queue = try open()
        let first = try await queue.submit(submission("key"))
        try await queue.close()
        let (manager, aside) = (FileManager.default, keyFile + ".aside")
        try manager.moveItem(atPath: keyFile, toPath: aside)
        if what == "folder" {
            try manager.createDirectory(atPath: keyFile, withIntermediateDirectories: false)
        } else {
            try manager.createSymbolicLink(atPath: keyFile, withDestinationPath: aside)
        }
        let error = refusal(.storageFailure) { try open() }
        #expect(error?.parameters["path"] == .string(keyFile))
        #expect(error?.message.contains("Check the disk") == true, "\(error?.message ?? "")")
        try manager.removeItem(atPath: keyFile)
        try manager.moveItem(atPath: aside, toPath: keyFile)
        let again = try open()
        #expect(try await again.submit(submission("key")).id == first.id)
        try await again.close()
    }
}
