import ExpertLibrary
import Files
import Foundation
import IntentQueue
import Logging
import LowRank
import Storage
import TestSupport
import Testing

@testable import Adaptation
@testable import AdapterFormats

@Suite("Opening the stores")
struct OpenedStoresTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static func open(_ state: StateDirectory) async throws -> OpenedStores {
        try await OpenedStores.open(
            state, options: QueueOptions(), keepingTombstones: .seconds(3600), accounts: UserAccounts(),
            progress: Unobserved(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private static func close(_ stores: OpenedStores) async throws {
        try stores.store.close()
        try await stores.queue.close()
    }

    /// Stores a library of one expert with 22 parameters.
    private static func fill(_ cache: LibraryStore) async throws {
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
        let stored = try cache.experts.store(
            ExpertParameters([PEFTCheckpoint(name: "", factors: [factors])], on: layout), of: expert,
            base: base)
        try await cache.experts.insert(stored, creating: base)
    }

    @Test func `a start that is interrupted before the rows are rebuilt loses nothing`() async throws {
        let state = try StateDirectory(root: folder("state"))
        let first = try await Self.open(state)
        try await Self.fill(first.store)
        try await Self.close(first)
        for file in DatabaseHealth.files(of: state.cacheDatabase) {
            try? FileManager.default.removeItem(atPath: file)
        }
        // What such a start leaves behind: a database with tables and without rows.
        try LibraryStore(state).close()
        let second = try await Self.open(state)
        #expect(try await second.store.experts.all().map(\.name) == ["owls"])
        #expect(second.conditions.isEmpty)
        try await Self.close(second)
        // A library that was emptied on purpose stays empty.
        let third = try await Self.open(state)
        #expect(try await third.store.experts.remove("owls", base: "minilm"))
        try await Self.close(third)
        let fourth = try await Self.open(state)
        #expect(try await fourth.store.experts.all().isEmpty)
        #expect(try await fourth.store.bases.all().map(\.name) == ["minilm"])
        try await Self.close(fourth)
    }

    @Test func `damaged databases are quarantined with the reason`() async throws {
        let state = try StateDirectory(root: folder("state"))
        for path in [state.cacheDatabase, state.queueDatabase] {
            try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: path))
        }
        let stores = try await Self.open(state)
        let items = Quarantine(state).items
        #expect(items.count == 2)
        #expect(items.contains { $0.reason.contains("cache.db") && $0.reason.contains("rebuilt") })
        #expect(items.contains { $0.reason.contains("queue.db") && $0.reason.contains("make them again") })
        #expect(FileManager.default.fileExists(atPath: items[0].path + "/cache.db"))
        try await Self.close(stores)
    }
}
