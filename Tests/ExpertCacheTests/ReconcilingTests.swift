import DurableStorage
import ErrorModel
import ExpertCache
import Foundation
import LinearAlgebra
import LowRank
import Testing

@Suite("What a start mends")
struct ReconcilingTests {
    @Test func `an adapter whose row was never written has one, unless it is not wanted`() async throws {
        let filled = try await FilledCache()
        let cache = filled.cache
        let wanted = try cache.writeFolder(Sample.draft(request: "r-2"))
        let unwanted = try cache.writeFolder(Sample.draft(request: "r-3", uid: 1001))
        // Another folder for a request that has its adapter already.
        let second = try cache.writeFolder(Sample.draft(request: "r-1"))
        let found = try await cache.reconcile { $0.request != "r-3" }
        #expect(found.adopted.map(\.id) == [wanted.id])
        let gone = [unwanted, second].flatMap { [cache.folder(of: $0), cache.folder(of: $0) + ".json"] }
        #expect(Set(found.removed) == Set(gone))
        #expect(found.repaired.isEmpty && found.remaining.isEmpty)
        #expect(gone.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
        #expect(try await Set(cache.adapters(uid: nil).map(\.request)) == ["r-1", "r-2"])
        let again = try await cache.reconcile { _ in true }
        #expect(again.adopted.isEmpty && again.removed.isEmpty)
    }

    @Test func `a removal that was cut off is not undone`() async throws {
        let filled = try await FilledCache()
        let (cache, adapter) = (filled.cache, filled.adapter)
        // After the manifest and before the row: as if nothing had been asked.
        try FileManager.default.removeItem(atPath: cache.folder(of: adapter) + ".json")
        let first = try await cache.reconcile { _ in true }
        #expect(first.repaired.map(\.fault) == [.manifest])
        #expect(try await cache.adapter(adapter.id) != nil)
        // After the row and before the folder.
        try await cache.remove([adapter])
        let half = try cache.writeFolder(Sample.draft(request: "r-9"))
        try FileManager.default.removeItem(atPath: cache.folder(of: half) + ".json")
        let second = try await cache.reconcile { _ in true }
        #expect(second.removed == [cache.folder(of: half)] && second.adopted.isEmpty)
        #expect(try await cache.adapters(uid: nil).isEmpty)
    }

    @Test func `a folder that is not whole, or another user's, is not taken for an adapter`() async throws {
        let filled = try await FilledCache()
        let cache = filled.cache
        let damaged = try cache.writeFolder(Sample.draft(request: "r-2"))
        try filled.damage(cache.folder(of: damaged) + "/adapter_model.safetensors")
        let moved = try cache.writeFolder(Sample.draft(request: "r-3"))
        let other = filled.place.state.adapters + "/1001"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        for suffix in ["", ".json"] {
            try FileManager.default.moveItem(
                atPath: cache.folder(of: moved) + suffix, toPath: "\(other)/\(moved.id)\(suffix)")
        }
        let found = try await cache.reconcile { _ in true }
        #expect(found.adopted.isEmpty && found.removed.count == 4)
        #expect(try await cache.adapters(uid: nil).map(\.id) == [filled.adapter.id])
    }

    @Test func `blobs that no row speaks of are removed`() async throws {
        let filled = try await FilledCache()
        let base = try Sample.base()
        let orphan = try filled.cache.store(
            ExpertParameters(Sample.checkpoints(base, seed: 77), on: base.layout),
            of: Sample.expert("newts"), base: base)
        let path = filled.cache.blobs.path(of: orphan.parameters)
        let found = try await filled.cache.reconcile { _ in true }
        #expect(Set(found.removed) == [path, path + ".json"])
        #expect(try await filled.verify().isEmpty)
    }
}

@Suite("A cache whose database is lost")
struct RebuildingTests {
    /// All rows, with what a manifest does not hold left out.
    private func rows(_ cache: ExpertCache) async throws -> [String] {
        let inventory = try await cache.inventory()
        return inventory.bases.map { "\($0.name) \($0.layout) \($0.template) \($0.reference ?? "-")" }
            + inventory.experts.map { "\($0)" } + inventory.generators.map { "\($0.id) \($0.experts)" }
            + inventory.adapters.map { "\($0)" }
    }

    private func withoutDatabase(_ filled: FilledCache) throws -> ExpertCache {
        try filled.cache.close()
        for file in DatabaseHealth.files(of: filled.place.state.cacheDatabase) {
            try? FileManager.default.removeItem(atPath: file)
        }
        return try filled.place.open()
    }

    @Test func `has its rows again, from the manifests`() async throws {
        let filled = try await FilledCache()
        _ = try await filled.cache.pin(filled.adapter.id, true)
        let before = try await rows(filled.cache)
        let cache = try withoutDatabase(filled)
        let rebuilt = try await cache.rebuild { _ in true }
        #expect(
            rebuilt.bases == 1 && rebuilt.experts == 2 && rebuilt.generators == 1 && rebuilt.adapters == 1)
        #expect(try await rows(cache) == before)
        let problems = try await cache.inventory().verify(
            filled.place.state, depth: .content, minimumAge: 0
        ).problems
        #expect(problems.isEmpty)
        try cache.close()
    }

    @Test func `two experts of the same factors both come back, and one that was removed does not`()
        async throws
    {
        let filled = try await FilledCache()
        let base = try #require(try await filled.cache.bases().first)
        for name in ["gulls", "terns", "skuas"] {
            let expert = try filled.cache.store(
                ExpertParameters(Sample.checkpoints(base, seed: 55), on: base.layout),
                of: Sample.expert(name), base: base)
            try await filled.cache.insert(expert, creating: nil)
        }
        #expect(try await filled.cache.removeExpert("skuas", base: base.name))
        let before = try await rows(filled.cache)
        let cache = try withoutDatabase(filled)
        #expect(try await cache.rebuild { _ in true }.experts == 4)
        #expect(try await rows(cache) == before)
        try cache.close()
    }

    @Test func `what is damaged does not come back, and what is not wanted neither`() async throws {
        let filled = try await FilledCache()
        try filled.damage(try await filled.blob(of: "apes"))
        let cache = try withoutDatabase(filled)
        let rebuilt = try await cache.rebuild { _ in false }
        #expect(rebuilt.experts == 1 && rebuilt.adapters == 0)
        #expect(try await cache.experts().map(\.name) == ["owls"])
        #expect(try await cache.adapters(uid: nil).isEmpty)
        try cache.close()
    }

    @Test func `of two versions of an expert the one of the higher rank counts`() async throws {
        let filled = try await FilledCache()
        var base = try #require(try await filled.cache.library("minilm")?.base)
        let old = base.layout
        base.layout = try old.withRank(4)
        for expert in try await filled.cache.experts() {
            let parameters = try filled.cache.parameters(of: expert, on: old)
            _ = try filled.cache.store(
                parameters.padded(from: old, to: base.layout), of: expert, base: base)
        }
        let cache = try withoutDatabase(filled)
        #expect(try await cache.rebuild { _ in true }.experts == 2)
        #expect(try await cache.bases().map(\.layout.rank) == [4])
        for expert in try await cache.experts() {
            #expect(
                try cache.parameters(of: expert, on: base.layout).mean.count == base.layout.parameterCount)
        }
        try cache.close()
    }

    @Test func `nothing comes of nothing`() async throws {
        let place = try TemporaryCache()
        let cache = try place.open()
        #expect(try await cache.rebuild { _ in true }.isEmpty)
        try cache.close()
    }
}
