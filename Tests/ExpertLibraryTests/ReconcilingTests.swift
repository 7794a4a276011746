import ErrorModel
import ExpertLibrary
import Files
import Foundation
import LinearAlgebra
import LowRank
import Storage
import Testing

@Suite("Reconciliation on start")
struct ReconcilingTests {
    @Test func `a complete adapter without a row is adopted if it is wanted`() async throws {
        let filled = try await FilledLibrary()
        let store = filled.store
        let wanted = try store.adapters.write(Sample.draft(request: "r-2"))
        let unwanted = try store.adapters.write(Sample.draft(request: "r-3", uid: 1001))
        // Another folder for a request that has its adapter already.
        let second = try store.adapters.write(Sample.draft(request: "r-1"))
        let found = try await store.integrity.reconcile { $0.request != "r-3" }
        #expect(found.adopted.map(\.id) == [wanted.id])
        let gone = [unwanted, second].flatMap {
            [store.adapters.folder(of: $0), store.adapters.folder(of: $0) + ".json"]
        }
        #expect(Set(found.removed) == Set(gone))
        #expect(found.repaired.isEmpty && found.remaining.isEmpty)
        #expect(gone.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
        #expect(try await Set(store.adapters.all().map(\.request)) == ["r-1", "r-2"])
        let again = try await store.integrity.reconcile { _ in true }
        #expect(again.adopted.isEmpty && again.removed.isEmpty)
    }

    @Test func `an interrupted removal is not undone`() async throws {
        let filled = try await FilledLibrary()
        let (store, adapter) = (filled.store, filled.adapter)
        // After the manifest and before the row: as if nothing had been asked.
        try FileManager.default.removeItem(atPath: store.adapters.folder(of: adapter) + ".json")
        let first = try await store.integrity.reconcile { _ in true }
        #expect(first.repaired.map(\.fault) == [.manifest])
        #expect(try await store.adapters.find(adapter.id) != nil)
        // After the row and before the folder.
        try await store.adapters.remove([adapter])
        let half = try store.adapters.write(Sample.draft(request: "r-9"))
        try FileManager.default.removeItem(atPath: store.adapters.folder(of: half) + ".json")
        let second = try await store.integrity.reconcile { _ in true }
        #expect(second.removed == [store.adapters.folder(of: half)] && second.adopted.isEmpty)
        #expect(try await store.adapters.all().isEmpty)
    }

    @Test func `a pin that was interrupted between the manifest and the row is undone in the manifest`()
        async throws
    {
        let filled = try await FilledLibrary()
        let (store, adapter) = (filled.store, filled.adapter)
        let manifest = store.adapters.folder(of: adapter) + ".json"
        _ = try await store.adapters.pin(adapter.id, true)
        let pinned = try Data(contentsOf: URL(filePath: manifest))
        _ = try await store.adapters.pin(adapter.id, false)
        let unpinned = try Data(contentsOf: URL(filePath: manifest))
        try pinned.write(to: URL(filePath: manifest))
        let found = try await store.integrity.reconcile { _ in true }
        #expect(found.repaired.map(\.fault) == [.manifest] && found.remaining.isEmpty)
        #expect(unpinned != pinned)
        #expect(try Data(contentsOf: URL(filePath: manifest)) == unpinned)
        #expect(try await store.integrity.reconcile { _ in true }.repaired.isEmpty)
    }

    @Test func `an incomplete folder, or one in another user's place, is not adopted`() async throws {
        let filled = try await FilledLibrary()
        let store = filled.store
        let damaged = try store.adapters.write(Sample.draft(request: "r-2"))
        try filled.damage(store.adapters.folder(of: damaged) + "/adapter_model.safetensors")
        let moved = try store.adapters.write(Sample.draft(request: "r-3"))
        let other = try filled.place.state.userFolder(1001)
        for suffix in ["", ".json"] {
            try FileManager.default.moveItem(
                atPath: store.adapters.folder(of: moved) + suffix, toPath: "\(other)/\(moved.id)\(suffix)")
        }
        let found = try await store.integrity.reconcile { _ in true }
        #expect(found.adopted.isEmpty && found.removed.count == 4)
        #expect(try await store.adapters.all().map(\.id) == [filled.adapter.id])
    }

    @Test func `unreferenced blobs are removed`() async throws {
        let filled = try await FilledLibrary()
        let base = try Sample.base()
        let orphan = try filled.store.experts.store(
            ExpertParameters(Sample.checkpoints(base, seed: 77), on: base.layout),
            of: Sample.expert("newts"), base: base)
        let path = filled.store.blobs.path(of: orphan.parameters)
        let found = try await filled.store.integrity.reconcile { _ in true }
        #expect(Set(found.removed) == [path, path + ".json"])
        #expect(try await filled.verify().isEmpty)
    }
}

@Suite("A library whose database is lost")
struct RebuildingTests {
    /// All rows, with what a manifest does not hold left out.
    private func rows(_ store: LibraryStore) async throws -> [String] {
        let inventory = try await store.integrity.inventory()
        return inventory.bases.map { "\($0.name) \($0.layout) \($0.template) \($0.reference ?? "-")" }
            + inventory.experts.map { "\($0)" } + inventory.generators.map { "\($0.id) \($0.experts)" }
            + inventory.adapters.map { "\($0)" }
    }

    private func withoutDatabase(_ filled: FilledLibrary) throws -> LibraryStore {
        try filled.store.close()
        for file in DatabaseHealth.files(of: filled.place.state.cacheDatabase) {
            try? FileManager.default.removeItem(atPath: file)
        }
        return try filled.place.open()
    }

    @Test func `rows are rebuilt from the manifests`() async throws {
        let filled = try await FilledLibrary()
        _ = try await filled.store.adapters.pin(filled.adapter.id, true)
        let before = try await rows(filled.store)
        let store = try withoutDatabase(filled)
        let rebuilt = try await store.integrity.rebuild { _ in true }
        #expect(
            rebuilt.bases == 1 && rebuilt.experts == 2 && rebuilt.generators == 1 && rebuilt.adapters == 1)
        #expect(try await rows(store) == before)
        let problems = try await store.integrity.inventory().verify(
            filled.place.state, depth: .content, minimumAge: 0
        ).problems
        #expect(problems.isEmpty)
        try store.close()
    }

    @Test func `two experts with the same factors are both rebuilt, and a removed one is not`()
        async throws
    {
        let filled = try await FilledLibrary()
        let base = try #require(try await filled.store.bases.all().first)
        for name in ["gulls", "terns", "skuas"] {
            let expert = try filled.store.experts.store(
                ExpertParameters(Sample.checkpoints(base, seed: 55), on: base.layout),
                of: Sample.expert(name), base: base)
            try await filled.store.experts.insert(expert, creating: nil)
        }
        #expect(try await filled.store.experts.remove("skuas", base: base.name))
        let before = try await rows(filled.store)
        let store = try withoutDatabase(filled)
        #expect(try await store.integrity.rebuild { _ in true }.experts == 4)
        #expect(try await rows(store) == before)
        try store.close()
    }

    @Test func `neither damaged nor unwanted entries are rebuilt`() async throws {
        let filled = try await FilledLibrary()
        try filled.damage(try await filled.blob(of: "apes"))
        let store = try withoutDatabase(filled)
        let rebuilt = try await store.integrity.rebuild { _ in false }
        #expect(rebuilt.experts == 1 && rebuilt.adapters == 0)
        #expect(try await store.experts.all().map(\.name) == ["owls"])
        #expect(try await store.adapters.all().isEmpty)
        try store.close()
    }

    @Test func `of two versions of an expert the one of the higher rank is rebuilt`() async throws {
        let filled = try await FilledLibrary()
        var base = try #require(try await filled.store.bases.library("minilm")?.base)
        let old = base.layout
        base.layout = try old.withRank(4)
        for expert in try await filled.store.experts.all() {
            let parameters = try filled.store.experts.parameters(of: expert, on: old)
            _ = try filled.store.experts.store(
                parameters.padded(from: old, to: base.layout), of: expert, base: base)
        }
        let store = try withoutDatabase(filled)
        #expect(try await store.integrity.rebuild { _ in true }.experts == 2)
        #expect(try await store.bases.all().map(\.layout.rank) == [4])
        for expert in try await store.experts.all() {
            #expect(
                try store.experts.parameters(of: expert, on: base.layout).mean.count
                    == base.layout.parameterCount)
        }
        try store.close()
    }

    @Test func `an empty state directory rebuilds to nothing`() async throws {
        let place = try TemporaryLibrary()
        let store = try place.open()
        #expect(try await store.integrity.rebuild { _ in true }.isEmpty)
        try store.close()
    }
}

@Suite("Adapters that the start has not looked at")
struct UnexaminedAdapterTests {
    @Test func `one without its files is shown to nobody, however many look, and is repaired once`()
        async throws
    {
        let filled = try await FilledLibrary()
        let (store, adapter) = (filled.store, filled.adapter)
        let whole = try store.adapters.write(Sample.draft(request: "r-2"))
        try await store.adapters.insert(whole)
        try FileManager.default.removeItem(
            atPath: store.adapters.folder(of: adapter) + "/adapter_model.safetensors")
        store.integrity.owesExamination()
        let problem = try #require(try await filled.verify(.presence).first)
        let looks = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<60 {
                group.addTask {
                    switch number % 3 {
                    case 0: return try await store.adapters.find(adapter.id) == nil
                    case 1: return try await store.adapters.find(request: adapter.request) == nil
                    // The examination beside the service finds it as well.
                    default:
                        _ = try await store.integrity.repair(problem)
                        return true
                    }
                }
            }
            return try await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(looks.count == 60 && looks.allSatisfy { $0 })
        #expect(Folder.entries(of: filled.place.state.damaged).count == 1)
        #expect(try await store.adapters.all().map(\.id) == [whole.id])
        #expect(try await store.adapters.find(whole.id)?.id == whole.id)
    }
}
