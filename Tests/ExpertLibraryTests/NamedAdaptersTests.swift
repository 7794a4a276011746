import ErrorModel
import ExpertLibrary
import Files
import Foundation
import TestSupport
import Testing

@Suite("Published names of adapters")
final class NamedAdaptersTests: OpenLibrary {
    private func publish(
        _ request: String, uid: UserID = 1000, label: String? = "travel", later seconds: Double = 0
    ) async throws -> AdapterRecord {
        let record = try store.adapters.write(
            Sample.draft(
                request: request, uid: uid, label: label, createdAt: Sample.moment.addingTimeInterval(seconds)
            ))
        try await store.adapters.insert(record)
        return record
    }

    private func manifest(_ adapter: AdapterRecord) throws -> AdapterRecord {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let path = store.adapters.folder(of: adapter) + ".json"
        return try decoder.decode(AdapterRecord.self, from: Data(contentsOf: URL(filePath: path)))
    }

    private let everything = EvictionPolicy(maximumBytes: 0, minimumAge: 0)

    @Test func `a name is one adapter's, and the former one is told`() async throws {
        let (first, second) = (try await publish("r-1"), try await publish("r-2", later: 60))
        let changes = store.adapters.nameChanges.value
        let given = try await store.adapters.publish(first.id, as: "travel")
        #expect(given?.adapter.publishedAs == "travel" && given?.replaced == nil)
        #expect(store.adapters.nameChanges.value == changes + 1)
        // The same again changes nothing.
        #expect(try await store.adapters.publish(first.id, as: "travel")?.adapter.publishedAs == "travel")
        #expect(store.adapters.nameChanges.value == changes + 1)
        let taken = try await store.adapters.publish(second.id, as: "travel")
        #expect(taken?.replaced?.id == first.id && taken?.replaced?.publishedAs == nil)
        #expect(try await store.adapters.named().map(\.id) == [second.id])
        #expect(try manifest(first).publishedAs == nil && manifest(second).publishedAs == "travel")
        // One that was made before does not take it back by itself.
        let older = try await store.adapters.publish(first.id, as: "travel", unlessNewer: true)
        #expect(older?.adapter.publishedAs == nil)
        #expect(try await store.adapters.named().map(\.id) == [second.id])
        // An adapter has one name at most.
        _ = try await store.adapters.publish(second.id, as: "journeys")
        #expect(try await store.adapters.named().map(\.publishedAs) == ["journeys"])
        let former = try await store.adapters.unpublish(second.id)
        #expect(former?.name == "journeys" && former?.adapter.publishedAs == nil)
        #expect(try await store.adapters.unpublish(second.id) == nil)
        #expect(try manifest(second).publishedAs == nil)
        #expect(try await store.adapters.publish("a-nobody", as: "travel") == nil)
    }

    @Test func `another user's name is never taken, and says nothing of them`() async throws {
        let (mine, theirs) = (try await publish("r-1"), try await publish("r-2", uid: 1001))
        _ = try await store.adapters.publish(theirs.id, as: "travel")
        let error = await refusal(.alreadyExists) {
            _ = try await store.adapters.publish(mine.id, as: "travel")
        }
        #expect(error?.message.contains("1001") == false)
        #expect(try await store.adapters.named().map(\.id) == [theirs.id])
        #expect(try await store.adapters.nameCount(of: 1000) == 0)
        #expect(try await store.adapters.nameCount(of: 1001) == 1)
        #expect(try await store.adapters.nameCount() == 1)
    }

    @Test func `a published adapter is neither evicted nor unlabelled, until it is unpublished`() async throws
    {
        let (kept, free) = (try await publish("r-1"), try await publish("r-2", label: "other"))
        _ = try await store.adapters.publish(kept.id, as: "travel")
        #expect(try await store.adapters.bytes(of: 1000, pinned: true) == kept.bytes)
        #expect(try await store.adapters.eraseLabels(olderThan: .zero) == 1)
        #expect(try await store.adapters.evict(everything).evicted.map(\.id) == [free.id])
        #expect(try await store.adapters.find(kept.id)?.label == "travel")
        #expect(try await store.adapters.oldest(of: 1000) == nil)
        _ = try await store.adapters.unpublish(kept.id)
        #expect(try await store.adapters.bytes(of: 1000, pinned: true) == 0)
        #expect(try await store.adapters.eraseLabels(olderThan: .zero) == 1)
        #expect(try manifest(kept).label == nil)
        #expect(try await store.adapters.evict(everything).evicted.map(\.id) == [kept.id])
    }

    @Test func `what one user may keep and name is bounded`() async throws {
        let adapters = [
            try await publish("r-1"), try await publish("r-2"), try await publish("r-3", later: 1),
        ]
        _ = try await store.adapters.pin(adapters[0].id, true)
        let most = adapters[0].bytes + adapters[1].bytes
        // What is pinned already takes no more room with a name.
        _ = try await store.adapters.publish(adapters[0].id, as: "a", atMost: most)
        _ = try await store.adapters.publish(adapters[1].id, as: "b", atMost: most)
        let full = await refusal(.busy) {
            _ = try await store.adapters.publish(adapters[2].id, as: "c", atMost: most)
        }
        #expect(full?.message.contains("cache.pinnedBytesPerUser") == true)
        await refusal(.busy) { _ = try await store.adapters.pin(adapters[2].id, true, atMost: most) }
        // One that takes another's place needs no room.
        #expect(
            try await store.adapters.publish(adapters[2].id, as: "b", atMost: most)?.replaced?.id
                == adapters[1].id)
        let many = await refusal(.busy) {
            _ = try await store.adapters.publish(adapters[1].id, as: "d", names: 2)
        }
        #expect(many?.message.contains("publish.namesPerUser") == true)
        _ = try await store.adapters.unpublish(adapters[0].id)
        #expect(try await store.adapters.find(adapters[0].id)?.isPinned == true)
        #expect(try await store.adapters.bytes(of: 1000, pinned: true) == most)
    }

    @Test func `a removed adapter takes its name with it, and rings`() async throws {
        let (named, plain) = (try await publish("r-1"), try await publish("r-2"))
        _ = try await store.adapters.publish(named.id, as: "travel")
        let changes = store.adapters.nameChanges.value
        _ = try await store.adapters.remove([plain])
        #expect(store.adapters.nameChanges.value == changes)
        _ = try await store.adapters.remove([named])
        #expect(store.adapters.nameChanges.value == changes + 1)
        #expect(try await store.adapters.named().isEmpty)
    }

    @Test func `names survive a restart and the loss of the database`() async throws {
        let (first, second) = (try await publish("r-1"), try await publish("r-2", later: 60))
        _ = try await store.adapters.publish(first.id, as: "travel")
        // As a crash between two manifests leaves them: both have the name.
        let stale = try Data(contentsOf: URL(filePath: store.adapters.folder(of: first) + ".json"))
        _ = try await store.adapters.publish(second.id, as: "travel")
        try stale.write(to: URL(filePath: store.adapters.folder(of: first) + ".json"))
        try store.close()
        let again = try place.open()
        #expect(try await again.adapters.named().map(\.id) == [second.id])
        #expect(try await again.integrity.reconcile { _ in true }.remaining.isEmpty)
        try again.close()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: place.state.cacheDatabase + suffix)
        }
        let rebuilt = try place.open()
        _ = try await rebuilt.integrity.rebuild { _ in true }
        #expect(try await rebuilt.adapters.named().map(\.publishedAs) == ["travel"])
        #expect(try await rebuilt.adapters.all().count == 2)
        try rebuilt.close()
    }
}
