import ErrorModel
import ExpertLibrary
import Files
import Foundation
import GRDB
import LowRank
import Storage
import Testing

/// Changes within rows, as a flipped bit on the disk leaves them.
@Suite("Damaged rows")
struct DamagedRowTests {
    /// A change of one row, and the table it is in.
    struct Damage: Sendable, CustomTestStringConvertible {
        var table: String
        var sql: String
        var testDescription: String { sql }
    }

    static let damages: [Damage] = [
        Damage(table: "adapter", sql: #"UPDATE adapter SET provenance = '{"sfed":7}'"#),
        Damage(table: "adapter", sql: "UPDATE adapter SET provenance = CAST(x'7b00ff' AS TEXT)"),
        Damage(
            table: "adapter", sql: "UPDATE adapter SET files = replace(files, 'digest\":\"', 'digest\":\"0')"),
        Damage(table: "adapter", sql: "UPDATE adapter SET files = 'x' || files"),
        Damage(table: "adapter", sql: "UPDATE adapter SET uid = uid + 1"),
        Damage(table: "adapter", sql: "UPDATE adapter SET uid = -1"),
        Damage(table: "adapter", sql: "UPDATE adapter SET id = id || 'x'"),
        Damage(table: "adapter", sql: "UPDATE adapter SET request = request || 'x'"),
        Damage(table: "adapter", sql: "UPDATE adapterExpert SET digest = 'e3' WHERE digest = 'e2'"),
        Damage(table: "adapter", sql: "UPDATE adapter SET isPinned = 1"),
        Damage(table: "expert", sql: "UPDATE expert SET embedding = zeroblob(12) WHERE name = 'owls'"),
        Damage(table: "expert", sql: "UPDATE expert SET parameters = 'q' || parameters WHERE name = 'owls'"),
        Damage(table: "expert", sql: "UPDATE expert SET digest = 'q' || digest WHERE name = 'owls'"),
        Damage(table: "expert", sql: "UPDATE expert SET description = 'no' WHERE name = 'owls'"),
        Damage(table: "expert", sql: "UPDATE expert SET bytes = bytes + 1 WHERE name = 'owls'"),
        Damage(table: "expert", sql: "UPDATE expert SET isForeign = 1 WHERE name = 'owls'"),
        Damage(table: "expert", sql: "UPDATE expert SET name = 'owlz' WHERE name = 'owls'"),
        Damage(
            table: "expert",
            sql: "UPDATE checkpoint SET name = 'other' WHERE expert = 'owls' AND position = 1"),
        Damage(
            table: "expert",
            sql: "UPDATE checkpoint SET expert = 'owlz' WHERE expert = 'owls' AND position = 1"),
        Damage(table: "generator", sql: "UPDATE generator SET record = '[1]'"),
        Damage(table: "generator", sql: "UPDATE generator SET parameters = 'x' || parameters"),
        Damage(table: "generator", sql: "UPDATE generatorExpert SET digest = 'x' || digest"),
        Damage(table: "base", sql: "UPDATE base SET layout = replace(layout, '2', '3')"),
        Damage(table: "base", sql: "UPDATE base SET template = 'x' || template"),
        Damage(table: "base", sql: "UPDATE base SET reference = NULL"),
        Damage(table: "base", sql: "UPDATE base SET name = 'miniln'"),
    ]

    private func damage(_ filled: FilledLibrary, _ damage: Damage) async throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: filled.place.state.cacheDatabase, configuration: configuration)
        try await queue.write { db in try db.execute(sql: damage.sql) }
        try queue.close()
    }

    /// Everything that the rows say.
    private func content(_ store: LibraryStore) async throws -> [String] {
        let inventory = try await store.integrity.inventory()
        return inventory.bases.map { "\($0.name) \($0.layout) \($0.template) \($0.reference ?? "-")" }
            + inventory.experts.map { "\($0)" } + inventory.generators.map { "\($0)" }
            + inventory.adapters.map { "\($0)" }
    }

    @Test(arguments: damages)
    func `a changed row answers nothing, is found, and is restored by a repair`(damage: Damage) async throws {
        let filled = try await FilledLibrary()
        let before = try await content(filled.store)
        try await self.damage(filled, damage)
        #expect(try await filled.store.adapters.all().allSatisfy { $0 == filled.adapter.listed })
        let found = try await filled.verify()
        #expect(found.contains { $0.fault == .row }, "\(found)")
        #expect(found.allSatisfy { $0.repair != nil && $0.fault != .unreferenced }, "\(found)")
        for problem in found { _ = try await filled.store.integrity.repair(problem) }
        #expect(try await content(filled.store) == before)
        let left = try await filled.verify()
        #expect(left.isEmpty, "\(left)")
        #expect(try await filled.store.integrity.databaseProblems().isEmpty)
        #expect(Quarantine(filled.place.state).items.isEmpty)
    }

    @Test(arguments: damages)
    func `a changed row is restored by a start`(damage: Damage) async throws {
        let filled = try await FilledLibrary()
        let before = try await content(filled.store)
        try await self.damage(filled, damage)
        _ = try await filled.store.integrity.reconcile { _ in true }
        #expect(try await content(filled.store) == before)
        #expect(try await filled.verify().isEmpty)
        #expect(try await filled.store.integrity.databaseProblems().isEmpty)
    }

    @Test(arguments: ["adapter", "expert", "generator"])
    func `without its manifest a changed row's files go to quarantine`(table: String) async throws {
        let filled = try await FilledLibrary()
        let manifests = try filled.place.files(under: filled.place.state.root).filter {
            $0.hasSuffix(".json")
        }
        for manifest in manifests where !manifest.contains("adapter_config") {
            try FileManager.default.removeItem(atPath: filled.place.state.root + "/" + manifest)
        }
        let sql = ["adapter": "provenance", "expert": "description", "generator": "record"][table] ?? ""
        try await damage(filled, Damage(table: table, sql: "UPDATE \(table) SET \(sql) = '!'"))
        let found = try await filled.verify().filter { $0.fault == .row }
        #expect(!found.isEmpty)
        for problem in found { #expect(try await filled.store.integrity.repair(problem)) }
        #expect(Quarantine(filled.place.state).items.count == found.count)
        #expect(try await filled.verify().allSatisfy { $0.fault != .row })
    }

    @Test func `rows of an earlier version get checksums, and are compared with their manifests first`()
        async throws
    {
        let filled = try await FilledLibrary()
        let before = try await content(filled.store)
        for table in ["adapter", "expert", "generator", "base"] {
            try await damage(filled, Damage(table: table, sql: "UPDATE \(table) SET checksum = NULL"))
        }
        try await damage(filled, Self.damages[0])
        try await damage(filled, Damage(table: "expert", sql: "UPDATE expert SET embedding = zeroblob(12)"))
        _ = try await filled.store.integrity.reconcile { _ in true }
        #expect(try await content(filled.store) == before)
        #expect(try await filled.verify().isEmpty)
    }

    @Test func `a manifest that says something else is found and rewritten`() async throws {
        let filled = try await FilledLibrary()
        let manifests = try filled.place.files(under: filled.place.state.root).filter {
            $0.hasSuffix(".json") && !$0.contains("adapter_config")
        }
        for manifest in manifests {
            let path = filled.place.state.root + "/" + manifest
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let changed = text.replacing("minilm", with: "minilx")
            try changed.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let found = try await filled.verify()
        #expect(found.count == manifests.count && found.allSatisfy { $0.fault == .manifest }, "\(found)")
        for problem in found { #expect(try await filled.store.integrity.repair(problem)) }
        #expect(try await filled.verify().isEmpty)
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
