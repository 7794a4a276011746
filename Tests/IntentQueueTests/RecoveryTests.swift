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
