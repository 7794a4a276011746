import ErrorModel
import ExpertLibrary
import Foundation
import TestSupport
import Testing

@Suite("GeneratorStore")
final class GeneratorStoreTests: OpenLibrary {
    private func row(_ digest: String, base: String = "minilm", after seconds: Double = 0) -> StoredGenerator
    {
        StoredGenerator(
            base: base, record: #"{"base":"\#(base)"}"#, parameters: digest, bytes: 10, seconds: 1.5,
            createdAt: Sample.moment.addingTimeInterval(seconds), experts: ["e1", "e2"])
    }

    @Test func `generators are listed newest first, of one base or of all`() async throws {
        for base in ["minilm", "bert"] { _ = try await store.bases.insert(Sample.base(base)) }
        let rows = [
            row("aaaaaaaaaaaaaaaaaaaa", after: 1), row("bbbbbbbbbbbbbbbbbbbb", after: 3),
            row("cccccccccccccccccccc", base: "bert", after: 2),
        ]
        for row in rows { try await store.generators.insert(row) }
        #expect(try await store.generators.all() == [rows[1], rows[2], rows[0]])
        #expect(try await store.generators.all(of: "minilm") == [rows[1], rows[0]])
        #expect(try await store.generators.all(of: "none").isEmpty)
        #expect(rows[0].id == "g-aaaaaaaaaaaaaaaa")
    }

    @Test func `a generator that exists already becomes the newest`() async throws {
        _ = try await store.bases.insert(Sample.base())
        try await store.generators.insert(row("aaaaaaaaaaaaaaaaaaaa", after: 1))
        try await store.generators.insert(row("bbbbbbbbbbbbbbbbbbbb", after: 2))
        try await store.generators.insert(row("aaaaaaaaaaaaaaaaaaaa", after: 3))
        #expect(
            try await store.generators.all() == [
                row("aaaaaaaaaaaaaaaaaaaa", after: 3), row("bbbbbbbbbbbbbbbbbbbb", after: 2),
            ])
    }

    @Test func `a generator of an unknown base is rejected`() async throws {
        _ = await refusal(.storageFailure) {
            _ = try await store.generators.insert(row("aaaaaaaaaaaaaaaaaaaa"))
        }
        #expect(try await store.generators.all().isEmpty)
    }
}
