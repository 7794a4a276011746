import ErrorModel
import ExpertCache
import Foundation
import Testing

@Suite("Generators in the cache")
struct GeneratorRowTests {
    private let place: TemporaryCache
    private let cache: ExpertCache

    init() throws {
        place = try TemporaryCache()
        cache = try place.open()
    }

    private func row(_ digest: String, base: String = "minilm", after seconds: Double = 0) -> GeneratorRow {
        GeneratorRow(
            base: base, record: #"{"base":"\#(base)"}"#, parameters: digest, bytes: 10, seconds: 1.5,
            createdAt: Sample.moment.addingTimeInterval(seconds), experts: ["e1", "e2"])
    }

    @Test func `generators are listed newest first, one base's or all`() async throws {
        for base in ["minilm", "bert"] { _ = try await cache.insert(Sample.base(base)) }
        let rows = [
            row("aaaaaaaaaaaaaaaaaaaa", after: 1), row("bbbbbbbbbbbbbbbbbbbb", after: 3),
            row("cccccccccccccccccccc", base: "bert", after: 2),
        ]
        for row in rows { try await cache.insert(row) }
        #expect(try await cache.generators() == [rows[1], rows[2], rows[0]])
        #expect(try await cache.generators(base: "minilm") == [rows[1], rows[0]])
        #expect(try await cache.generators(base: "none").isEmpty)
        #expect(rows[0].id == "g-aaaaaaaaaaaaaaaa")
    }

    @Test func `one that is there already becomes the newest`() async throws {
        _ = try await cache.insert(Sample.base())
        try await cache.insert(row("aaaaaaaaaaaaaaaaaaaa", after: 1))
        try await cache.insert(row("bbbbbbbbbbbbbbbbbbbb", after: 2))
        try await cache.insert(row("aaaaaaaaaaaaaaaaaaaa", after: 3))
        #expect(
            try await cache.generators() == [
                row("aaaaaaaaaaaaaaaaaaaa", after: 3), row("bbbbbbbbbbbbbbbbbbbb", after: 2),
            ])
    }

    @Test func `a generator of a base that is not there is refused`() async throws {
        _ = await refusal(.storageFailure) { try await cache.insert(row("aaaaaaaaaaaaaaaaaaaa")) }
        #expect(try await cache.generators().isEmpty)
    }
}
