import DurableStorage
import ErrorModel
import ExpertCache
import Foundation
import Testing

@Suite("Publishing an adapter")
struct PublishingTests {
    private let place: TemporaryCache
    private let cache: ExpertCache

    init() throws {
        place = try TemporaryCache()
        cache = try place.open()
    }

    /// Writes and inserts an adapter.
    private func publish(_ draft: AdapterDraft) async throws -> AdapterRecord {
        let record = try cache.writeFolder(draft)
        try await cache.insert(record)
        return record
    }

    @Test func `the folder appears whole, with its manifest, before any row speaks of it`() async throws {
        let record = try cache.writeFolder(Sample.draft(uid: 1234, label: "a label"))
        #expect(cache.folder(of: record) == "\(place.state.adapters)/1234/\(record.id)")
        #expect(
            try place.files(under: place.state.adapters)
                == [
                    "1234/\(record.id).json", "1234/\(record.id)/adapter_config.json",
                    "1234/\(record.id)/adapter_model.safetensors",
                ].sorted())
        #expect(record.files.map(\.name) == ["adapter_config.json", "adapter_model.safetensors"])
        #expect(record.files.map(\.bytes) == [3, 4] && record.bytes == 7)
        for file in record.files {
            let path = cache.folder(of: record) + "/" + file.name
            #expect(try FileDigest.sha256(file: path) == file.digest)
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let manifest = try Data(contentsOf: URL(filePath: cache.folder(of: record) + ".json"))
        #expect(try decoder.decode(AdapterRecord.self, from: manifest) == record)
        #expect(try place.files(under: place.state.temporary).isEmpty)
        #expect(try await cache.adapters(uid: nil).isEmpty)

        try await cache.insert(record)
        var listed = record
        listed.experts = ["e1", "e2"]
        #expect(try await cache.adapters(uid: nil) == [listed])
        #expect(try await cache.adapter(record.id) == listed)
        #expect(try await cache.adapter(request: "r-1") == listed)
        #expect(try await cache.adapter("a-nobody") == nil)
        #expect(try await cache.adapter(request: "r-2") == nil)
    }

    @Test func `a folder that cannot be written leaves nothing`() async throws {
        var draft = Sample.draft()
        // The second file lies in a folder that is not there.
        draft.files.append((name: "missing/deep.bin", contents: [1]))
        _ = await refusal(.storageFailure) { try cache.writeFolder(draft) }
        #expect(try place.files(under: place.state.adapters).isEmpty)
        #expect(try place.files(under: place.state.temporary).isEmpty)
    }

    @Test func `a row that cannot be written takes its folder away`() async throws {
        let first = try await publish(Sample.draft())
        // Another answer to the same request.
        let second = try cache.writeFolder(Sample.draft())
        #expect(second.id != first.id)
        #expect(try place.files(under: place.state.adapters).count == 6)
        let error = await refusal(.storageFailure) { try await cache.insert(second) }
        #expect(error?.parameters["path"] == .string(place.state.cacheDatabase))
        #expect(!FileManager.default.fileExists(atPath: cache.folder(of: second)))
        #expect(!FileManager.default.fileExists(atPath: cache.folder(of: second) + ".json"))
        #expect(FileManager.default.fileExists(atPath: cache.folder(of: first) + "/adapter_config.json"))
        #expect(try await cache.adapters(uid: nil).map(\.id) == [first.id])
    }

    @Test func `adapters are listed newest first, by whose, by base and by label`() async throws {
        func later(_ seconds: Double) -> Date { Sample.moment.addingTimeInterval(seconds) }
        let drafts = [
            Sample.draft(request: "r-1", uid: 1000, label: "a", createdAt: later(1)),
            Sample.draft(request: "r-2", uid: 1001, label: "a", createdAt: later(3)),
            Sample.draft(request: "r-3", uid: 1000, createdAt: later(2)),
        ]
        for draft in drafts { _ = try await publish(draft) }
        func requests(_ uid: Int?, base: String? = nil, label: String? = nil) async throws -> [String] {
            try await cache.adapters(uid: uid, base: base, label: label).map(\.request)
        }
        #expect(try await requests(nil) == ["r-2", "r-3", "r-1"])
        #expect(try await requests(1000) == ["r-3", "r-1"])
        #expect(try await requests(nil, label: "a") == ["r-2", "r-1"])
        #expect(try await requests(1000, base: "minilm", label: "a") == ["r-1"])
        #expect(try await requests(nil, base: "bert").isEmpty)
        #expect(try await requests(0).isEmpty)
        let newest = try await cache.adapters(uid: nil, limit: 2)
        #expect(newest.map(\.request) == ["r-2", "r-3"])
        #expect(newest.allSatisfy { $0.experts == ["e1", "e2"] })
        #expect(try await cache.adapters(uid: 1000, label: "a", limit: 2).map(\.request) == ["r-1"])
    }

    @Test func `what an expert guided goes with it, rows and files; the rest stays`() async throws {
        let first = try await publish(Sample.draft(request: "r-1", experts: ["e1", "e2"]))
        let second = try await publish(Sample.draft(request: "r-2", uid: 1001, experts: ["e2", "e2"]))
        let third = try await publish(Sample.draft(request: "r-3", experts: ["e3"]))
        #expect(try await cache.removeAdapters(guidedBy: "e0").isEmpty)
        #expect(try await Set(cache.removeAdapters(guidedBy: "e2")) == [first.id, second.id])
        #expect(try await cache.adapters(uid: nil).map(\.id) == [third.id])
        #expect(
            try place.files(under: place.state.adapters)
                == [
                    "1000/\(third.id).json", "1000/\(third.id)/adapter_config.json",
                    "1000/\(third.id)/adapter_model.safetensors",
                ].sorted())
        #expect(try await cache.removeAdapters(guidedBy: "e1").isEmpty)
        // The request may be answered anew.
        _ = try await publish(Sample.draft(request: "r-1"))
    }

    @Test func `the statistics count rows and bytes`() async throws {
        var found = try await cache.statistics()
        #expect(found.bases == 0 && found.experts == CacheUsage(count: 0, bytes: 0))
        #expect(found.generators == CacheUsage(count: 0, bytes: 0))
        #expect(found.adapters == CacheUsage(count: 0, bytes: 0) && found.databaseBytes > 0)
        try await cache.insert(Sample.expert("owls"), creating: Sample.base())
        try await cache.insert(Sample.expert("birds"), creating: nil)
        try await cache.insert(
            GeneratorRow(
                base: "minilm", record: "{}", parameters: "0123456789abcdef0123", bytes: 55, seconds: 0,
                createdAt: Sample.moment, experts: []))
        _ = try await publish(Sample.draft())
        found = try await cache.statistics()
        #expect(found.bases == 1 && found.experts == CacheUsage(count: 2, bytes: 200))
        #expect(found.generators == CacheUsage(count: 1, bytes: 55))
        #expect(found.adapters == CacheUsage(count: 1, bytes: 7))
    }
}
