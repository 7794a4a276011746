import ErrorModel
import Foundation
import TestSupport
import Testing

@testable import IntentQueue

@Suite("Recovery", .timeLimit(.minutes(20)))
struct RecoveryTests {
    private let place: TemporaryQueue

    init() throws { place = try TemporaryQueue() }

    @Test func `a request whose adapter was published before it was made final becomes done, once`()
        async throws
    {
        let queue = try place.open(QueueOptions(attempts: 1))
        let published = try await queue.submit("published").id
        let lost = try await queue.submit("lost").id
        let waiting = try await queue.submit("waiting").id
        _ = try await queue.taken()
        _ = try await queue.taken()
        try await queue.close()

        let again = try place.open(QueueOptions(attempts: 1))
        try await again.recover { (_) throws(SgloradError) in [published: "a-7"] }
        let done = try #require(try await again.request(published))
        #expect(done.state == .done && done.adapter == "a-7")
        #expect(try await again.request(lost)?.state == .failed)
        #expect(try await again.taken().request.id == waiting)
        #expect(try await again.take() == nil)
        try await again.recover { (_) throws(SgloradError) in [published: "a-8"] }
        #expect(try await again.request(published) == done)
        try await again.close()
    }

    @Test
    func `an end with a journalled adapter that a power cut took back is repeated, and erases the text`()
        async throws
    {
        let queue = try place.open()
        let id = try await queue.submit("word of the user").id
        let taken = try await queue.taken()
        // What is on the disk if the commit of the end is not.
        let before = try TemporaryFolder()
        for name in ["queue.db", "queue.db-wal"] {
            try FileManager.default.copyItem(
                atPath: "\(place.folder)/\(name)", toPath: before(name))
        }
        let ending = Ending(taken.lease, as: .done, adapter: "a-7")
        #expect(try await queue.end([ending], isRecoverable: true) == [true])
        #expect(try await queue.request(id)?.state == .done)
        try await queue.synchronise()
        try await queue.close()
        for name in ["queue.db", "queue.db-wal"] {
            try? FileManager.default.removeItem(atPath: "\(place.folder)/\(name)")
            try FileManager.default.copyItem(
                atPath: before(name), toPath: "\(place.folder)/\(name)")
        }

        let again = try place.open()
        #expect(try await again.request(id)?.state == .queued)
        #expect(try place.occurrences(of: "word of the user") > 0)
        try await again.recover { (_) throws(SgloradError) in [id: "a-7"] }
        let done = try #require(try await again.request(id))
        #expect(done.state == .done && done.adapter == "a-7")
        try await again.sweep()
        #expect(try place.occurrences(of: "word of the user") == 0)
        try await again.close()
    }

    @Test func `a store that cannot be read is reported, and nothing is decided`() async throws {
        let queue = try place.open(QueueOptions(attempts: 1))
        let id = try await queue.submit("text").id
        _ = try await queue.taken()
        try await queue.close()
        let again = try place.open(QueueOptions(attempts: 1))
        _ = await refusal(.storageFailure) {
            try await again.recover { (_) throws(SgloradError) in throw .storageFailure("cache.db", "gone") }
        }
        #expect(try await again.request(id)?.state == .queued)
        try await again.close()
    }
}
