import DurableStorage
import ExpertCache
import Foundation
import IntentQueue
import Logging
import LowRank
import SystemdIntegration
import Testing

@testable import AdapterFormats
@testable import SgloradCore

@Suite("Opening what is kept")
struct OpenedStoresTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func open(_ state: StateDirectory) async throws -> OpenedStores {
        try await OpenedStores.open(
            state, options: QueueOptions(), tombstones: Tombstones(state),
            start: StartProgress(Notifier(environment: [:])),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private static func close(_ stores: OpenedStores) async throws {
        try stores.cache.close()
        try await stores.queue.close()
    }

    /// A library of one expert of 44 numbers.
    private static func fill(_ cache: ExpertCache) async throws {
        let layout = try AdapterLayout(
            sites: [Site(path: "layer.0.query", inFeatures: 6, outFeatures: 5)], rank: 2, scale: 2)
        let base = BaseRecord(
            name: "minilm", layout: layout,
            template: PEFTTemplate(baseModelName: "minilm", taskType: nil, targetModules: ["query"]),
            createdAt: .now)
        let factors = SiteFactors(
            site: layout.sites[0], rank: 2, scale: 2, a: (0..<12).map(Float.init),
            b: (0..<10).map(Float.init))
        let expert = ExpertRecord(
            base: base.name, name: "owls", description: "owls", digest: "owls", encoder: "e",
            embedding: [1, 0], descriptionTruncated: false, importedAt: .now)
        let stored = try cache.store(
            ExpertParameters([PEFTCheckpoint(name: "", factors: [factors])], on: layout), of: expert,
            base: base)
        try await cache.insert(stored, creating: base)
    }

    @Test func `a start that was cut off before it had made the rows again loses nothing`() async throws {
        let state = try StateDirectory(root: folder("state"))
        let first = try await Self.open(state)
        try await Self.fill(first.cache)
        try await Self.close(first)
        for file in DatabaseHealth.files(of: state.cacheDatabase) {
            try? FileManager.default.removeItem(atPath: file)
        }
        // As far as that start came: a database with tables and without rows.
        try ExpertCache(state).close()
        let second = try await Self.open(state)
        #expect(try await second.cache.experts().map(\.name) == ["owls"])
        #expect(second.conditions.isEmpty)
        try await Self.close(second)
        // A library that was emptied stays empty.
        let third = try await Self.open(state)
        #expect(try await third.cache.removeExpert("owls", base: "minilm"))
        try await Self.close(third)
        let fourth = try await Self.open(state)
        #expect(try await fourth.cache.experts().isEmpty)
        #expect(try await fourth.cache.bases().map(\.name) == ["minilm"])
        try await Self.close(fourth)
    }

    @Test func `two damaged databases are both moved aside, with the reason`() async throws {
        let state = try StateDirectory(root: folder("state"))
        for path in [state.cacheDatabase, state.queueDatabase] {
            try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: path))
        }
        let stores = try await Self.open(state)
        let items = DamagedStore(state).items
        #expect(items.count == 2)
        #expect(items.contains { $0.reason.contains("cache.db") && $0.reason.contains("made again") })
        #expect(items.contains { $0.reason.contains("queue.db") && $0.reason.contains("ask again") })
        #expect(FileManager.default.fileExists(atPath: items[0].path + "/cache.db"))
        try await Self.close(stores)
    }
}
