import AdapterFormats
import ErrorModel
import ExpertLibrary
import Foundation
import LowRank
import TestSupport
import Testing

@Suite("BaseStore and ExpertStore")
final class LibraryRowTests: OpenLibrary {
    @Test func `bases are listed by name, with all fields`() async throws {
        #expect(try await store.bases.insert(Sample.base("zephyr")))
        var plain = try Sample.base("bert")
        plain.template = PEFTTemplate()
        #expect(try await store.bases.insert(plain))
        #expect(try await store.bases.all() == [plain, Sample.base("zephyr")])
    }

    @Test func `an existing base is not replaced`() async throws {
        let first = try Sample.base()
        #expect(try await store.bases.insert(first))
        var second = first
        second.layout = try AdapterLayout(sites: first.layout.sites, rank: 1, scale: 1)
        #expect(try await !store.bases.insert(second))
        #expect(try await store.bases.all() == [first])
    }

    @Test func `the first expert creates its base, and the second uses it`() async throws {
        try await store.experts.insert(Sample.expert("owls"), creating: Sample.base())
        try await store.experts.insert(Sample.expert("birds"), creating: Sample.base())
        try await store.experts.insert(Sample.expert("apes"), creating: nil)
        #expect(try await store.bases.all().count == 1)
        #expect(
            try await store.experts.all(of: "minilm")
                == ["apes", "birds", "owls"].map { Sample.expert($0) })
    }

    @Test func `experts are listed by base and name, of one base or of all`() async throws {
        for base in ["minilm", "bert"] {
            // The same name and content may stand in two libraries.
            for name in ["owls", "birds"] {
                try await store.experts.insert(
                    Sample.expert(name, base: base), creating: Sample.base(base))
            }
        }
        #expect(try await store.experts.all().map(\.base) == ["bert", "bert", "minilm", "minilm"])
        #expect(try await store.experts.all().map(\.name) == ["birds", "owls", "birds", "owls"])
        #expect(try await store.experts.all(of: "bert").map(\.base) == ["bert", "bert"])
        #expect(try await store.experts.all(of: "none").isEmpty)
    }

    @Test func `a taken name or content is rejected, and the error names the expert that has it`()
        async throws
    {
        try await store.experts.insert(Sample.expert("owls"), creating: Sample.base())
        for clash in [
            Sample.expert("owls", digest: "another"), Sample.expert("owls again", digest: "digest of owls"),
        ] {
            let error = await refusal(.alreadyExists) {
                _ = try await store.experts.insert(clash, creating: nil)
            }
            #expect(error?.parameters == ["kind": .string("expert"), "name": .string("owls")])
            #expect(error?.message.contains("expert remove owls") == true)
        }
        #expect(try await store.experts.all() == [Sample.expert("owls")])
    }

    @Test func `a rejected expert leaves nothing behind, nor its base`() async throws {
        try await store.experts.insert(Sample.expert("owls"), creating: Sample.base())
        // Of a base that is not there: the row's reference is broken.
        _ = await refusal(.storageFailure) {
            _ = try await store.experts.insert(Sample.expert("owls", base: "bert"), creating: nil)
        }
        var twice = Sample.expert("twice", base: "bert")
        twice.base = "gone"
        _ = await refusal(.storageFailure) {
            _ = try await store.experts.insert(twice, creating: Sample.base("bert"))
        }
        #expect(try await store.bases.all().map(\.name) == ["minilm"])
        #expect(try await store.experts.all().count == 1)
    }

    @Test func `an embedding is replaced without other changes`() async throws {
        try await store.experts.insert(Sample.expert("owls"), creating: Sample.base())
        try await store.experts.insert(Sample.expert("birds"), creating: nil)
        try await store.experts.update(
            embedding: [0, 1], encoder: "another", truncated: true, ofExpert: "owls", base: "minilm")
        var changed = Sample.expert("owls")
        changed.embedding = ExpertRecord.embeddingData([0, 1])
        changed.encoder = "another"
        changed.descriptionTruncated = true
        #expect(try await store.experts.all() == [Sample.expert("birds"), changed])
    }

    @Test func `an embedding is kept bit for bit`() {
        let values: [Float] = [0, -0, 1, -1, .leastNonzeroMagnitude, 0.1, .greatestFiniteMagnitude, .pi]
        var expert = Sample.expert("owls")
        expert.embedding = ExpertRecord.embeddingData(values)
        #expect(expert.embeddingValues.map(\.bitPattern) == values.map(\.bitPattern))
        // Little-endian, on every machine.
        #expect(Array(ExpertRecord.embeddingData([1])) == [0, 0, 0x80, 0x3F])
    }

    @Test func `an encoder's digest is remembered for one fingerprint`() async throws {
        #expect(try await store.encoderDigests.find(path: "/m", fingerprint: "f") == nil)
        try await store.encoderDigests.remember("d1", path: "/m", fingerprint: "f")
        #expect(try await store.encoderDigests.find(path: "/m", fingerprint: "f") == "d1")
        #expect(try await store.encoderDigests.find(path: "/m", fingerprint: "g") == nil)
        #expect(try await store.encoderDigests.find(path: "/n", fingerprint: "f") == nil)
        try await store.encoderDigests.remember("d2", path: "/m", fingerprint: "g")
        #expect(try await store.encoderDigests.find(path: "/m", fingerprint: "g") == "d2")
        #expect(try await store.encoderDigests.find(path: "/m", fingerprint: "f") == nil)
    }
}
