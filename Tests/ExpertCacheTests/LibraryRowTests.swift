import AdapterFormats
import ErrorModel
import ExpertCache
import Foundation
import LowRank
import Testing

@Suite("Bases and experts in the cache")
struct LibraryRowTests {
    private let place: TemporaryCache
    private let cache: ExpertCache

    init() throws {
        place = try TemporaryCache()
        cache = try place.open()
    }

    @Test func `bases are listed by name, whole`() async throws {
        #expect(try await cache.insert(Sample.base("zephyr")))
        var plain = try Sample.base("bert")
        plain.template = PEFTTemplate()
        #expect(try await cache.insert(plain))
        #expect(try await cache.bases() == [plain, Sample.base("zephyr")])
    }

    @Test func `a base that is there stays as it is`() async throws {
        let first = try Sample.base()
        #expect(try await cache.insert(first))
        var second = first
        second.layout = try AdapterLayout(sites: first.layout.sites, rank: 1, scale: 1)
        #expect(try await !cache.insert(second))
        #expect(try await cache.bases() == [first])
    }

    @Test func `the first expert brings its base with it, the second finds it`() async throws {
        try await cache.insert(Sample.expert("owls"), creating: Sample.base())
        try await cache.insert(Sample.expert("birds"), creating: Sample.base())
        try await cache.insert(Sample.expert("apes"), creating: nil)
        #expect(try await cache.bases().count == 1)
        #expect(
            try await cache.experts(base: "minilm")
                == ["apes", "birds", "owls"].map { Sample.expert($0) })
    }

    @Test func `experts are listed by base and name, one base's or all`() async throws {
        for base in ["minilm", "bert"] {
            // The same name and content may stand in two libraries.
            for name in ["owls", "birds"] {
                try await cache.insert(
                    Sample.expert(name, base: base), creating: Sample.base(base))
            }
        }
        #expect(try await cache.experts().map(\.base) == ["bert", "bert", "minilm", "minilm"])
        #expect(try await cache.experts().map(\.name) == ["birds", "owls", "birds", "owls"])
        #expect(try await cache.experts(base: "bert").map(\.base) == ["bert", "bert"])
        #expect(try await cache.experts(base: "none").isEmpty)
    }

    @Test func `a name or a content that is taken is refused, naming whose it is`() async throws {
        try await cache.insert(Sample.expert("owls"), creating: Sample.base())
        for clash in [
            Sample.expert("owls", digest: "another"), Sample.expert("owls again", digest: "digest of owls"),
        ] {
            let error = await refusal(.alreadyExists) { try await cache.insert(clash, creating: nil) }
            #expect(error?.parameters == ["kind": .string("expert"), "name": .string("owls")])
            #expect(error?.message.contains("expert remove owls") == true)
        }
        #expect(try await cache.experts() == [Sample.expert("owls")])
    }

    @Test func `a refused expert leaves nothing, its base neither`() async throws {
        try await cache.insert(Sample.expert("owls"), creating: Sample.base())
        // Of a base that is not there: the row's reference is broken.
        _ = await refusal(.storageFailure) {
            try await cache.insert(Sample.expert("owls", base: "bert"), creating: nil)
        }
        var twice = Sample.expert("twice", base: "bert")
        twice.base = "gone"
        _ = await refusal(.storageFailure) { try await cache.insert(twice, creating: Sample.base("bert")) }
        #expect(try await cache.bases().map(\.name) == ["minilm"])
        #expect(try await cache.experts().count == 1)
    }

    @Test func `an expert gets another embedding, and keeps the rest`() async throws {
        try await cache.insert(Sample.expert("owls"), creating: Sample.base())
        try await cache.insert(Sample.expert("birds"), creating: nil)
        try await cache.update(
            embedding: [0, 1], encoder: "another", truncated: true, ofExpert: "owls", base: "minilm")
        var changed = Sample.expert("owls")
        changed.embedding = ExpertRecord.embeddingData([0, 1])
        changed.encoder = "another"
        changed.descriptionTruncated = true
        #expect(try await cache.experts() == [Sample.expert("birds"), changed])
    }

    @Test func `an embedding is kept bit for bit`() {
        let values: [Float] = [0, -0, 1, -1, .leastNonzeroMagnitude, 0.1, .greatestFiniteMagnitude, .pi]
        var expert = Sample.expert("owls")
        expert.embedding = ExpertRecord.embeddingData(values)
        #expect(expert.embeddingValues.map(\.bitPattern) == values.map(\.bitPattern))
        // Little-endian, on every machine.
        #expect(Array(ExpertRecord.embeddingData([1])) == [0, 0, 0x80, 0x3F])
    }

    @Test func `an encoder's digest is remembered for files of one fingerprint`() async throws {
        #expect(try await cache.encoderDigest(path: "/m", fingerprint: "f") == nil)
        try await cache.remember(encoderDigest: "d1", path: "/m", fingerprint: "f")
        #expect(try await cache.encoderDigest(path: "/m", fingerprint: "f") == "d1")
        #expect(try await cache.encoderDigest(path: "/m", fingerprint: "g") == nil)
        #expect(try await cache.encoderDigest(path: "/n", fingerprint: "f") == nil)
        try await cache.remember(encoderDigest: "d2", path: "/m", fingerprint: "g")
        #expect(try await cache.encoderDigest(path: "/m", fingerprint: "g") == "d2")
        #expect(try await cache.encoderDigest(path: "/m", fingerprint: "f") == nil)
    }
}
