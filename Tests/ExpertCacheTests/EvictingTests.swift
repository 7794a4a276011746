import DurableStorage
import ErrorModel
import ExpertCache
import Foundation
import Testing

@Suite("Evicting, pinning, removing adapters")
struct EvictingTests {
    private let place: TemporaryCache
    private let cache: ExpertCache

    init() throws {
        place = try TemporaryCache()
        cache = try place.open()
    }

    private func publish(_ request: String, uid: Int = 1000) async throws -> AdapterRecord {
        let record = try cache.writeFolder(Sample.draft(request: request, uid: uid))
        try await cache.insert(record)
        return record
    }

    private func isWhole(_ adapter: AdapterRecord) -> Bool {
        FileManager.default.fileExists(atPath: cache.folder(of: adapter))
            && FileManager.default.fileExists(atPath: cache.folder(of: adapter) + ".json")
    }

    private func isGone(_ adapter: AdapterRecord) -> Bool {
        !FileManager.default.fileExists(atPath: cache.folder(of: adapter))
            && !FileManager.default.fileExists(atPath: cache.folder(of: adapter) + ".json")
    }

    private let everything = EvictionPolicy(maximumBytes: 0, minimumAge: 0)

    @Test func `what is pinned, read or of an open request stays; the rest goes, rows and files`()
        async throws
    {
        let pinned = try await publish("r-1")
        let read = try await publish("r-2")
        let open = try await publish("r-3")
        let free = try await publish("r-4", uid: 1001)
        #expect(try await cache.pin(pinned.id, true)?.isPinned == true)
        let result = try await cache.using(read) {
            let dry = try await cache.evict(everything, protectingRequests: ["r-3"], dryRun: true)
            // A dry run does not know who reads just now.
            #expect(Set(dry.evicted.map(\.id)) == [read.id, free.id])
            #expect(try await cache.adapters(uid: nil).count == 4)
            return try await cache.evict(everything, protectingRequests: ["r-3"])
        }
        #expect(result.evicted.map(\.id) == [free.id])
        #expect(result.kept.count == 3 && result.keptBytes == 21)
        #expect(isGone(free) && isWhole(pinned) && isWhole(read) && isWhole(open))
        #expect(try await cache.evict(everything).evicted.count == 2)
        #expect(try await cache.pin(pinned.id, false)?.isPinned == false)
        #expect(try await cache.evict(everything).evicted.map(\.id) == [pinned.id])
        #expect(try place.files(under: place.state.adapters).isEmpty)
    }

    @Test func `one user's are counted, and evicted, apart from the others'`() async throws {
        let own = try await publish("r-1")
        let others = try await publish("r-2", uid: 1001)
        _ = try await publish("r-3", uid: 1001)
        #expect(try await cache.adapterBytes(of: 1000) == own.bytes)
        #expect(try await cache.adapterBytes(of: 1001) == 2 * others.bytes)
        #expect(try await cache.adapterBytes(of: 1002) == 0)
        let result = try await cache.evict(everything, of: 1001)
        #expect(result.evicted.allSatisfy { $0.uid == 1001 } && result.evicted.count == 2)
        #expect(result.kept.isEmpty && isWhole(own))
        #expect(try await cache.adapters(uid: nil).map(\.id) == [own.id])
    }

    @Test func `more go at once than SQLite is asked for at once`() async throws {
        var record = try await publish("r-0")
        // Rows alone: what has no folder goes as well.
        for number in 1...520 {
            record.id = "a-\(number)"
            record.request = "r-\(number)"
            try await cache.insert(record)
        }
        #expect(try await cache.evict(everything, dryRun: true).evicted.count == 521)
        let result = try await cache.evict(everything)
        #expect(result.evicted.count == 521 && result.kept.isEmpty)
        #expect(result.evicted.map(\.bytes) == Array(repeating: record.bytes, count: 521))
        #expect(try await cache.adapters(uid: nil).isEmpty)
        #expect(try place.files(under: place.state.adapters).isEmpty)
    }

    @Test func `a use is noted, at most once a minute`() async throws {
        let adapter = try await publish("r-1")
        #expect(try await cache.adapter(adapter.id)?.usedAt == Sample.moment)
        let later = Sample.moment.addingTimeInterval(61)
        try await cache.touch(adapter.id, at: later)
        #expect(try await cache.adapter(adapter.id)?.usedAt == later)
        try await cache.touch(adapter.id, at: later.addingTimeInterval(59))
        #expect(try await cache.adapter(adapter.id)?.usedAt == later)
        try await cache.touch(adapter.id, at: Sample.moment)
        #expect(try await cache.adapter(adapter.id)?.usedAt == later)
    }

    @Test func `a pin stands in the manifest, and a removed adapter cannot be pinned`() async throws {
        let adapter = try await publish("r-1")
        _ = try await cache.pin(adapter.id, true)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let manifest = try decoder.decode(
            AdapterRecord.self, from: Data(contentsOf: URL(filePath: cache.folder(of: adapter) + ".json")))
        #expect(manifest.isPinned)
        #expect(try await cache.remove([adapter]).map(\.id) == [adapter.id])
        #expect(isGone(adapter))
        #expect(try await cache.pin(adapter.id, true) == nil)
        #expect(try await cache.remove([adapter]).isEmpty)
        #expect(try place.files(under: place.state.adapters).isEmpty)
    }

    @Test func `a manifest that cannot be removed keeps its adapter`() async throws {
        let adapter = try await publish("r-1")
        let manifest = cache.folder(of: adapter) + ".json"
        try FileManager.default.removeItem(atPath: manifest)
        // A folder in its place cannot be unlinked, by root neither.
        try FileManager.default.createDirectory(atPath: manifest, withIntermediateDirectories: false)
        let error = await refusal(.storageFailure) { try await cache.remove([adapter]) }
        #expect(error?.parameters["path"] == .string(manifest))
        #expect(try await cache.adapter(adapter.id) == adapter.listed)
        #expect(FileManager.default.fileExists(atPath: cache.folder(of: adapter)))
    }
}

extension AdapterRecord {
    /// As the database gives it: the experts' digests are sorted.
    fileprivate var listed: AdapterRecord {
        var record = self
        record.experts.sort()
        return record
    }
}
