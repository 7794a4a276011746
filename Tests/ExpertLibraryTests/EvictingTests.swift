import ErrorModel
import ExpertLibrary
import Files
import Foundation
import Storage
import TestSupport
import Testing

@Suite("Evicting, pinning and removing adapters")
final class EvictingTests: OpenLibrary {
    private func publish(_ request: String, uid: UserID = 1000) async throws -> AdapterRecord {
        let record = try store.adapters.write(Sample.draft(request: request, uid: uid))
        try await store.adapters.insert(record)
        return record
    }

    private func isWhole(_ adapter: AdapterRecord) -> Bool {
        FileManager.default.fileExists(atPath: store.adapters.folder(of: adapter))
            && FileManager.default.fileExists(atPath: store.adapters.folder(of: adapter) + ".json")
    }

    private func isGone(_ adapter: AdapterRecord) -> Bool {
        !FileManager.default.fileExists(atPath: store.adapters.folder(of: adapter))
            && !FileManager.default.fileExists(atPath: store.adapters.folder(of: adapter) + ".json")
    }

    private let everything = EvictionPolicy(maximumBytes: 0, minimumAge: 0)

    @Test
    func `adapters that are pinned, in use or of an open request stay; the rest is evicted, rows and files`()
        async throws
    {
        let pinned = try await publish("r-1")
        let read = try await publish("r-2")
        let open = try await publish("r-3")
        let free = try await publish("r-4", uid: 1001)
        #expect(try await store.adapters.pin(pinned.id, true)?.isPinned == true)
        let result = try await store.adapters.using(read) {
            let dry = try await store.adapters.evict(everything, protectingRequests: ["r-3"], dryRun: true)
            // A dry run does not know who reads just now.
            #expect(Set(dry.evicted.map(\.id)) == [read.id, free.id])
            #expect(try await store.adapters.all().count == 4)
            return try await store.adapters.evict(everything, protectingRequests: ["r-3"])
        }
        #expect(result.evicted.map(\.id) == [free.id])
        #expect(result.kept == LibraryUsage(count: 3, bytes: 21))
        #expect(isGone(free) && isWhole(pinned) && isWhole(read) && isWhole(open))
        #expect(try await store.adapters.evict(everything).evicted.count == 2)
        #expect(try await store.adapters.pin(pinned.id, false)?.isPinned == false)
        #expect(try await store.adapters.evict(everything).evicted.map(\.id) == [pinned.id])
        #expect(try place.files(under: place.state.adapters).isEmpty)
    }

    @Test func `one user's adapters are counted and evicted apart from the others'`() async throws {
        let own = try await publish("r-1")
        let others = try await publish("r-2", uid: 1001)
        _ = try await publish("r-3", uid: 1001)
        #expect(try await store.adapters.bytes(of: 1000) == own.bytes)
        #expect(try await store.adapters.bytes(of: 1001) == 2 * others.bytes)
        #expect(try await store.adapters.bytes(of: 1002) == 0)
        let result = try await store.adapters.evict(everything, of: 1001)
        #expect(result.evicted.allSatisfy { $0.uid == 1001 } && result.evicted.count == 2)
        #expect(result.kept.isEmpty && isWhole(own))
        #expect(try await store.adapters.all().map(\.id) == [own.id])
    }

    @Test func `one eviction takes more adapters than one statement has arguments`() async throws {
        var record = try await publish("r-0")
        // Rows alone: what has no folder goes as well.
        for number in 1...520 {
            record.id = "a-\(number)"
            record.request = "r-\(number)"
            try await store.adapters.insert(record)
        }
        #expect(try await store.adapters.evict(everything, dryRun: true).evicted.count == 521)
        let result = try await store.adapters.evict(everything)
        #expect(result.evicted.count == 521 && result.kept.isEmpty)
        #expect(result.evicted.map(\.bytes) == Array(repeating: record.bytes, count: 521))
        #expect(try await store.adapters.all().isEmpty)
        #expect(try place.files(under: place.state.adapters).isEmpty)
    }

    @Test func `a use is recorded at most once a minute`() async throws {
        let clock = ManualClock()
        let store = try LibraryStore(place.state, time: ServiceTime(place.state, clock: clock.clock()))
        let adapter = try store.adapters.write(Sample.draft())
        try await store.adapters.insert(adapter)
        func used() async throws -> Double? {
            try await store.adapters.find(adapter.id)?.usedAt.timeIntervalSince1970
        }
        #expect(try await used() == Sample.moment.timeIntervalSince1970)
        clock.pass(.seconds(61))
        try await store.adapters.touch(adapter.id)
        let first = try await used()
        #expect(first == clock.clock().wall())
        clock.pass(.seconds(59))
        try await store.adapters.touch(adapter.id)
        #expect(try await used() == first)
        // Setting the clock makes no use older, and an adapter used under a wrong clock can be used again.
        clock.step(bySeconds: -86_400)
        try await store.adapters.touch(adapter.id)
        #expect(try await used() == first)
        clock.pass(.seconds(2))
        try await store.adapters.touch(adapter.id)
        #expect(try await used() == clock.clock().wall())
        try store.close()
    }

    /// The years by which the clock was wrong when the adapter was published, and is set right later.
    @Test(arguments: [-56.0, 73.0])
    func `an adapter ages in the service's time, whatever the clock says`(years: Double) async throws {
        let clock = ManualClock()
        let leap = years * 365 * 86_400
        let time = try ServiceTime(place.state, clock: clock.clock())
        let store = try LibraryStore(place.state, time: time)
        clock.step(bySeconds: leap)
        let adapter = try store.adapters.write(
            Sample.draft(label: "whimsical", createdAt: Date(timeIntervalSince1970: clock.clock().wall())))
        try await store.adapters.insert(adapter)
        clock.step(bySeconds: -leap)
        let policy = EvictionPolicy(maximumAge: 3600, minimumAge: 300)
        clock.pass(.seconds(3600))
        #expect(try await store.adapters.evict(policy).evicted.isEmpty)
        #expect(try await store.adapters.eraseLabels(olderThan: .seconds(3601)) == 0)
        clock.pass(.seconds(1))
        #expect(try await store.adapters.eraseLabels(olderThan: .seconds(3601)) == 1)
        #expect(try await store.adapters.evict(policy, dryRun: true).evicted.map(\.id) == [adapter.id])
        // It is young again only by its age, not by a clock that goes back behind its publication.
        let all = EvictionPolicy(maximumBytes: 0, minimumAge: 300)
        clock.step(bySeconds: -leap)
        #expect(try await store.adapters.evict(all).evicted.map(\.id) == [adapter.id])
        try store.close()
    }

    @Test func `a pin is recorded in the manifest, and a removed adapter cannot be pinned`() async throws {
        let adapter = try await publish("r-1")
        _ = try await store.adapters.pin(adapter.id, true)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let manifest = try decoder.decode(
            AdapterRecord.self,
            from: Data(contentsOf: URL(filePath: store.adapters.folder(of: adapter) + ".json")))
        #expect(manifest.isPinned)
        #expect(try await store.adapters.remove([adapter]).map(\.id) == [adapter.id])
        #expect(isGone(adapter))
        #expect(try await store.adapters.pin(adapter.id, true) == nil)
        #expect(try await store.adapters.remove([adapter]).isEmpty)
        #expect(try place.files(under: place.state.adapters).isEmpty)
    }

    @Test func `a manifest that cannot be removed keeps its adapter`() async throws {
        let adapter = try await publish("r-1")
        let manifest = store.adapters.folder(of: adapter) + ".json"
        try FileManager.default.removeItem(atPath: manifest)
        // A folder in its place cannot be unlinked, by root neither.
        try FileManager.default.createDirectory(atPath: manifest, withIntermediateDirectories: false)
        let error = await refusal(.storageFailure) { _ = try await store.adapters.remove([adapter]) }
        #expect(error?.parameters["path"] == .string(manifest))
        #expect(try await store.adapters.find(adapter.id) == adapter.listed)
        #expect(FileManager.default.fileExists(atPath: store.adapters.folder(of: adapter)))
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
