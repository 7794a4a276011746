import AdapterFormats
import DurableStorage
import ErrorModel
import ExpertCache
import Foundation
import LinearAlgebra
import LowRank
import Testing

@Suite("Experts and generators as blobs")
struct StoringTests {
    private let place: TemporaryCache
    private let cache: ExpertCache

    init() throws {
        place = try TemporaryCache()
        cache = try place.open()
    }

    private func json(_ path: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(filePath: path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func `an expert's row is filled in from its parameters, and its manifest says it all`() throws {
        let base = try Sample.base()
        let parameters = try ExpertParameters(Sample.checkpoints(base, count: 2), on: base.layout)
        let given = ExpertRecord(
            base: "minilm", name: "owls", description: "Match owls", digest: "d", encoder: "e",
            embedding: [1, 0], descriptionTruncated: true, importedAt: Sample.moment)
        let stored = try cache.store(parameters, of: given, base: base)
        #expect(stored.checkpoints == ["", "checkpoint-1"])
        #expect(stored.meanNorm == parameters.meanNorm && stored.deviation == parameters.deviation)
        let path = cache.blobs.path(of: stored.parameters)
        #expect(try FileDigest.sha256(file: path) == stored.parameters)
        #expect(try Data(contentsOf: URL(filePath: path)).count == stored.bytes)
        let again = try ExpertParameters(path: path, names: stored.checkpoints, layout: base.layout)
        #expect(again.mean.array == parameters.mean.array)

        let manifest = try json(cache.blobs.manifestPath(of: stored.parameters))
        #expect(manifest["kind"] as? String == "expert")
        let expert = try #require(manifest["expert"])
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let record = try decoder.decode(
            ExpertRecord.self, from: JSONSerialization.data(withJSONObject: expert))
        #expect(record == stored)
        let layout = try #require(manifest["layout"])
        #expect(
            try decoder.decode(AdapterLayout.self, from: JSONSerialization.data(withJSONObject: layout))
                == base.layout)
        let template = try #require(manifest["template"])
        #expect(
            try decoder.decode(PEFTTemplate.self, from: JSONSerialization.data(withJSONObject: template))
                == base.template)
    }

    @Test func `a generator's file is a blob, its row is named by it`() throws {
        let row = try cache.storeGenerator(
            base: "minilm", record: #"{"a":1}"#, experts: ["e1", "e2"], seconds: 2.5
        ) { descriptor throws(SgloradError) in
            try DurableFile.append(Array("abc".utf8), to: descriptor, path: "test")
        }
        #expect(row.id == "g-ba7816bf8f01cfea" && row.bytes == 3 && row.seconds == 2.5)
        #expect(row.parameters.hasPrefix("ba7816bf8f01cfea") && row.experts == ["e1", "e2"])
        #expect(row.base == "minilm" && row.record == #"{"a":1}"#)
        let manifest = try json(cache.blobs.manifestPath(of: row.parameters))
        #expect(manifest["kind"] as? String == "generator")
        let generator = try #require(manifest["generator"] as? [String: Any])
        #expect(generator["id"] as? String == row.id)
        #expect(generator["experts"] as? [String] == ["e1", "e2"])
    }

    @Test func `an expert's removal takes its blob with it, unless another has the same`() async throws {
        let base = try Sample.base()
        let parameters = try ExpertParameters(Sample.checkpoints(base), on: base.layout)
        var stored = try cache.store(parameters, of: Sample.expert("owls"), base: base)
        try await cache.insert(stored, creating: base)
        stored.name = "owls by another name"
        stored.digest = "another"
        try await cache.insert(stored, creating: nil)
        #expect(try place.files(under: place.state.blobs).count == 2)
        #expect(try await cache.removeExpert("owls", base: "minilm"))
        #expect(try place.files(under: place.state.blobs).count == 2)
        #expect(try await !cache.removeExpert("owls", base: "minilm"))
        #expect(try await !cache.removeExpert("owls by another name", base: "bert"))
        #expect(try await cache.removeExpert("owls by another name", base: "minilm"))
        #expect(try place.files(under: place.state.blobs).isEmpty)
        #expect(try await cache.experts().isEmpty)
        #expect(try await cache.bases().count == 1)
        // The name is free again.
        try await cache.insert(Sample.expert("owls"), creating: nil)
        #expect(try await cache.experts() == [Sample.expert("owls")])
    }

    @Test func `a blob that a row speaks of is kept, one that none does is not`() async throws {
        let base = try Sample.base()
        let parameters = try ExpertParameters(Sample.checkpoints(base), on: base.layout)
        let stored = try cache.store(parameters, of: Sample.expert("owls"), base: base)
        try await cache.insert(stored, creating: base)
        await cache.removeBlobIfUnused(stored.parameters)
        #expect(try place.files(under: place.state.blobs).count == 2)
        let orphan = try cache.store(
            ExpertParameters(Sample.checkpoints(base, seed: 2), on: base.layout), of: Sample.expert("x"),
            base: base)
        await cache.removeBlobIfUnused(orphan.parameters)
        #expect(try place.files(under: place.state.blobs).count == 2)
    }
}
