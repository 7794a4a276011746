import AdapterFormats
import ErrorModel
import ExpertLibrary
import Files
import Foundation
import LinearAlgebra
import LowRank
import Storage
import Testing

@Suite("Experts and generators as blobs")
final class StoringTests: OpenLibrary {
    private func json(_ path: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(filePath: path))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test func `an expert's record is completed from its parameters, and its manifest holds all of it`()
        throws
    {
        let base = try Sample.base()
        let parameters = try ExpertParameters(Sample.checkpoints(base, count: 2), on: base.layout)
        let given = ExpertRecord(
            base: "minilm", name: "owls", description: "Match owls", digest: "d", encoder: "e",
            embedding: [1, 0], descriptionTruncated: true, importedAt: Sample.moment)
        let stored = try store.experts.store(parameters, of: given, base: base)
        #expect(stored.checkpoints == ["", "checkpoint-1"])
        #expect(stored.meanNorm == parameters.meanNorm && stored.deviation == parameters.deviation)
        let path = store.blobs.path(of: stored.parameters)
        #expect(try FileDigest.sha256(file: path) == stored.parameters)
        #expect(try Data(contentsOf: URL(filePath: path)).count == stored.bytes)
        let again = try ExpertParameters(path: path, names: stored.checkpoints, layout: base.layout)
        #expect(again.mean.array == parameters.mean.array)

        let manifest = try json(store.blobs.manifestPath(of: stored.parameters))
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

    @Test func `a generator's file is a blob, and its identifier is the blob's digest`() throws {
        let row = try store.generators.store(
            base: "minilm", record: #"{"a":1}"#, experts: ["e1", "e2"], seconds: 2.5
        ) { descriptor throws(SgloradError) in
            try FileBytes.append(Array("abc".utf8), to: descriptor, path: "test")
        }
        #expect(row.id == "g-ba7816bf8f01cfea" && row.bytes == 3 && row.seconds == 2.5)
        #expect(row.parameters.hasPrefix("ba7816bf8f01cfea") && row.experts == ["e1", "e2"])
        #expect(row.base == "minilm" && row.record == #"{"a":1}"#)
        let manifest = try json(store.blobs.manifestPath(of: row.parameters))
        #expect(manifest["kind"] as? String == "generator")
        let generator = try #require(manifest["generator"] as? [String: Any])
        #expect(generator["id"] as? String == row.id)
        #expect(generator["experts"] as? [String] == ["e1", "e2"])
    }

    @Test func `an expert's blob is removed with it, unless another expert references it`() async throws {
        let base = try Sample.base()
        let parameters = try ExpertParameters(Sample.checkpoints(base), on: base.layout)
        var stored = try store.experts.store(parameters, of: Sample.expert("owls"), base: base)
        try await store.experts.insert(stored, creating: base)
        stored.name = "owls by another name"
        stored.digest = "another"
        try await store.experts.insert(stored, creating: nil)
        #expect(try place.files(under: place.state.blobs).count == 2)
        #expect(try await store.experts.remove("owls", base: "minilm"))
        #expect(try place.files(under: place.state.blobs).count == 2)
        #expect(try await !store.experts.remove("owls", base: "minilm"))
        #expect(try await !store.experts.remove("owls by another name", base: "bert"))
        #expect(try await store.experts.remove("owls by another name", base: "minilm"))
        #expect(try place.files(under: place.state.blobs).isEmpty)
        #expect(try await store.experts.all().isEmpty)
        #expect(try await store.bases.all().count == 1)
        // The name is free again.
        try await store.experts.insert(Sample.expert("owls"), creating: nil)
        #expect(try await store.experts.all() == [Sample.expert("owls")])
    }

    @Test func `a referenced blob is kept, an unreferenced one is removed`() async throws {
        let base = try Sample.base()
        let parameters = try ExpertParameters(Sample.checkpoints(base), on: base.layout)
        let stored = try store.experts.store(parameters, of: Sample.expert("owls"), base: base)
        try await store.experts.insert(stored, creating: base)
        await store.experts.discard(LibraryChange(before: base, after: base, expert: stored))
        #expect(try place.files(under: place.state.blobs).count == 2)
        let orphan = try store.experts.store(
            ExpertParameters(Sample.checkpoints(base, seed: 2), on: base.layout), of: Sample.expert("x"),
            base: base)
        await store.experts.discard(LibraryChange(before: base, after: base, expert: orphan))
        #expect(try place.files(under: place.state.blobs).count == 2)
    }
}
