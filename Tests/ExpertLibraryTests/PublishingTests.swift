import ErrorModel
import ExpertLibrary
import Files
import Foundation
import Storage
import TestSupport
import Testing

@Suite("Publishing adapters")
final class PublishingTests: OpenLibrary {
    /// Writes and inserts an adapter.
    private func publish(_ draft: AdapterDraft) async throws -> AdapterRecord {
        let record = try store.adapters.write(draft)
        try await store.adapters.insert(record)
        return record
    }

    @Test func `the folder is complete, with its manifest, before a row references it`() async throws {
        let record = try store.adapters.write(Sample.draft(uid: 1234, label: "a label"))
        let owner = place.state.owner(1234)
        #expect(owner.hasPrefix(place.state.adapters + "/") && !owner.hasSuffix("/1234"))
        #expect(store.adapters.folder(of: record) == "\(owner)/\(record.id)")
        #expect(
            try place.files(under: owner)
                == [
                    "\(record.id).json", "\(record.id)/adapter_config.json",
                    "\(record.id)/adapter_model.safetensors",
                ].sorted())
        #expect(record.files.map(\.name) == ["adapter_config.json", "adapter_model.safetensors"])
        #expect(record.files.map(\.bytes) == [3, 4] && record.bytes == 7)
        for file in record.files {
            let path = store.adapters.folder(of: record) + "/" + file.name
            #expect(try FileDigest.sha256(file: path) == file.digest)
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let manifest = try Data(contentsOf: URL(filePath: store.adapters.folder(of: record) + ".json"))
        #expect(try decoder.decode(AdapterRecord.self, from: manifest) == record)
        #expect(try place.files(under: place.state.temporary).isEmpty)
        #expect(try await store.adapters.all().isEmpty)

        try await store.adapters.insert(record)
        var listed = record
        listed.experts = ["e1", "e2"]
        #expect(try await store.adapters.all() == [listed])
        #expect(try await store.adapters.find(record.id) == listed)
        #expect(try await store.adapters.find(request: "r-1") == listed)
        #expect(try await store.adapters.find("a-nobody") == nil)
        #expect(try await store.adapters.find(request: "r-2") == nil)
    }

    @Test func `a folder that cannot be written leaves nothing behind`() async throws {
        var draft = Sample.draft()
        // The second file lies in a folder that is not there.
        draft.files.append((name: "missing/deep.bin", contents: [1]))
        _ = refusal(.storageFailure) { _ = try store.adapters.write(draft) }
        #expect(try place.files(under: place.state.adapters).isEmpty)
        #expect(try place.files(under: place.state.temporary).isEmpty)
    }

    @Test func `a folder whose row cannot be written is removed`() async throws {
        let first = try await publish(Sample.draft())
        // Another answer to the same request.
        let second = try store.adapters.write(Sample.draft())
        #expect(second.id != first.id)
        #expect(try place.files(under: place.state.adapters).count == 6)
        let error = await refusal(.storageFailure) { _ = try await store.adapters.insert(second) }
        #expect(error?.parameters["path"] == .string(place.state.cacheDatabase))
        #expect(!FileManager.default.fileExists(atPath: store.adapters.folder(of: second)))
        #expect(!FileManager.default.fileExists(atPath: store.adapters.folder(of: second) + ".json"))
        #expect(
            FileManager.default.fileExists(atPath: store.adapters.folder(of: first) + "/adapter_config.json"))
        #expect(try await store.adapters.all().map(\.id) == [first.id])
    }

    @Test func `adapters are listed newest first, by user, base and label`() async throws {
        func later(_ seconds: Double) -> Date { Sample.moment.addingTimeInterval(seconds) }
        let drafts = [
            Sample.draft(request: "r-1", uid: 1000, label: "a", createdAt: later(1)),
            Sample.draft(request: "r-2", uid: 1001, label: "a", createdAt: later(3)),
            Sample.draft(request: "r-3", uid: 1000, createdAt: later(2)),
        ]
        for draft in drafts { _ = try await publish(draft) }
        func requests(_ uid: UserID?, base: String? = nil, label: String? = nil) async throws -> [String] {
            try await store.adapters.all(of: uid, base: base, label: label).map(\.request)
        }
        #expect(try await requests(nil) == ["r-2", "r-3", "r-1"])
        #expect(try await requests(1000) == ["r-3", "r-1"])
        #expect(try await requests(nil, label: "a") == ["r-2", "r-1"])
        #expect(try await requests(1000, base: "minilm", label: "a") == ["r-1"])
        #expect(try await requests(nil, base: "bert").isEmpty)
        #expect(try await requests(0).isEmpty)
        let newest = try await store.adapters.all(limit: 2)
        #expect(newest.map(\.request) == ["r-2", "r-3"])
        #expect(newest.allSatisfy { $0.experts == ["e1", "e2"] })
        #expect(try await store.adapters.all(of: 1000, label: "a", limit: 2).map(\.request) == ["r-1"])
    }

    @Test func `the adapters that an expert guided are removed, rows and files; the rest stays`() async throws
    {
        let first = try await publish(Sample.draft(request: "r-1", experts: ["e1", "e2"]))
        let second = try await publish(Sample.draft(request: "r-2", uid: 1001, experts: ["e2", "e2"]))
        let third = try await publish(Sample.draft(request: "r-3", experts: ["e3"]))
        #expect(try await store.adapters.remove(guidedBy: "e0").isEmpty)
        #expect(try await Set(store.adapters.remove(guidedBy: "e2")) == [first.id, second.id])
        #expect(try await store.adapters.all().map(\.id) == [third.id])
        #expect(
            try place.files(under: place.state.owner(1000))
                == [
                    "\(third.id).json", "\(third.id)/adapter_config.json",
                    "\(third.id)/adapter_model.safetensors",
                ].sorted())
        #expect(try place.files(under: place.state.adapters).count == 3)
        #expect(try await store.adapters.remove(guidedBy: "e1").isEmpty)
        // The request may be answered anew.
        _ = try await publish(Sample.draft(request: "r-1"))
    }

    @Test func `statistics count rows and bytes`() async throws {
        var found = try await store.statistics()
        #expect(found.bases == 0 && found.experts == LibraryUsage(count: 0, bytes: 0))
        #expect(found.generators == LibraryUsage(count: 0, bytes: 0))
        #expect(found.adapters == LibraryUsage(count: 0, bytes: 0) && found.databaseBytes > 0)
        try await store.experts.insert(Sample.expert("owls"), creating: Sample.base())
        try await store.experts.insert(Sample.expert("birds"), creating: nil)
        try await store.generators.insert(
            StoredGenerator(
                base: "minilm", record: "{}", parameters: "0123456789abcdef0123", bytes: 55, seconds: 0,
                createdAt: Sample.moment, experts: []))
        _ = try await publish(Sample.draft())
        found = try await store.statistics()
        #expect(found.bases == 1 && found.experts == LibraryUsage(count: 2, bytes: 200))
        #expect(found.generators == LibraryUsage(count: 1, bytes: 55))
        #expect(found.adapters == LibraryUsage(count: 1, bytes: 7))
    }
}
