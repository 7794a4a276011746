import ErrorModel
import Executors
import ExpertLibrary
import Files
import Foundation
import IntentQueue
import Logging
import Storage
import TestSupport
import Testing

@testable import Adaptation

@Suite("Disk share of a user", .timeLimit(.minutes(20)))
struct DiskShareTests {
    /// A library store with a disk share for each user, without a daemon.
    private struct Fixture: Sendable {
        let cache: LibraryStore
        let share: DiskShare
        private let folder: TemporaryFolder
        private let queue: RequestQueue
        private let pool: ComputePool

        init(bytesPerUser: Int) throws {
            let folder = try TemporaryFolder()
            let cache = try LibraryStore(StateDirectory(root: folder("state")))
            let queue = try RequestQueue(path: folder("queue.db"))
            let pool = ComputePool(threads: 2)
            let board = HealthBoard()
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let encoders = EncoderProvider(folder: nil, environment: [:], pool: pool, store: cache)
            let libraries = LibrarySnapshots(
                store: cache, encoders: encoders, pool: pool, board: board, logger: logger)
            share = DiskShare(
                LibraryInspector(
                    store: cache, queue: queue, snapshots: libraries, pool: pool, board: board,
                    policy: EvictionPolicy(maximumBytesPerUser: bytesPerUser, minimumAge: 0),
                    metrics: DaemonMetrics(), logger: logger))
            self.cache = cache
            self.folder = folder
            self.queue = queue
            self.pool = pool
        }

        func close() async throws {
            try cache.close()
            try await queue.close()
            await pool.shutdown()
        }

        /// Publishes an adapter of four bytes.
        func publish(_ request: String, uid: UserID = 1000) async throws -> AdapterRecord {
            let record = try cache.adapters.write(
                AdapterDraft(
                    uid: uid, base: "b", request: request,
                    files: [(name: "adapter_model.safetensors", contents: [1, 2, 3, 4])], label: nil,
                    truncated: false, provenance: "{}", experts: [],
                    createdAt: Date(timeIntervalSince1970: 1_750_000_000)))
            try await cache.adapters.insert(record)
            return record
        }

        func ids(of uid: UserID = 1000) async throws -> Set<String> {
            try await Set(cache.adapters.all(of: uid).map(\.id))
        }
    }

    @Test func `concurrent calls evict only once`() async throws {
        let fixture = try Fixture(bytesPerUser: 12)
        for number in 1...3 { _ = try await fixture.publish("r-\(number)") }
        _ = try await fixture.publish("r-4", uid: 1001)
        let share = fixture.share
        let obstacles = try await withThrowingTaskGroup(of: SgloradError?.self) { group in
            for _ in 0..<8 { group.addTask { try await share.obstacle(for: 1000) } }
            var found: [SgloradError] = []
            for try await obstacle in group {
                if let obstacle { found.append(obstacle) }
            }
            return found
        }
        #expect(obstacles.isEmpty)
        #expect(try await fixture.ids().count == 2)
        #expect(try await fixture.ids(of: 1001).count == 1)
        try await fixture.close()
    }

    @Test func `nothing is evicted where no space is needed`() async throws {
        let fixture = try Fixture(bytesPerUser: 4)
        let only = try await fixture.publish("r-1")
        let repetition = try await fixture.share.obstacle(for: 1000, unless: { true })
        #expect(repetition?.code == nil)
        #expect(try await fixture.ids() == [only.id])
        let new = try await fixture.share.obstacle(for: 1000, unless: { false })
        #expect(new?.code == nil)
        #expect(try await fixture.ids().isEmpty)
        // With space left the closure is not even called.
        let free = try await fixture.share.obstacle(for: 1000) { () async throws(SgloradError) in
            throw .internal("asked")
        }
        #expect(free?.code == nil)
        try await fixture.close()
    }

    @Test func `an obstacle is reported until something can be evicted`() async throws {
        let fixture = try Fixture(bytesPerUser: 4)
        let pinned = try await fixture.publish("r-1")
        _ = try await fixture.cache.adapters.pin(pinned.id, true)
        let full = try await fixture.share.obstacle(for: 1000)
        #expect(full?.code == .busy && full?.message.contains("pinned") == true)
        let other = try await fixture.share.obstacle(for: 1001)
        #expect(other?.code == nil)
        _ = try await fixture.cache.adapters.remove([pinned])
        let free = try await fixture.share.obstacle(for: 1000)
        #expect(free?.code == nil)
        try await fixture.close()
    }
}
