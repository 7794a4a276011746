import ErrorModel
import Executors
import Files
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ExpertLibrary

/// Small adapters that are published together, and what a crash just afterwards leaves.
@Suite("The journal of adapters")
final class AdapterJournalTests: OpenLibrary {
    private let pool = ComputePool(threads: 2)

    deinit {
        let pool = pool
        Task { await pool.shutdown() }
    }

    /// Publishes adapters of requests `r-0`, `r-1` and so on, together.
    @discardableResult
    private func publish(_ count: Int, label: String? = nil) async throws -> [AdapterRecord] {
        let drafts = (0..<count).map { Sample.draft(request: "r-\($0)", label: label) }
        return try await store.adapters.publish(drafts, on: pool).map { try $0.get() }
    }

    private var journalBytes: [Int] {
        place.state.adapterJournals.map { path in
            ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? -1
        }
    }

    /// A copy of the state as it is on the disk now, for what a crash would leave.
    private func crashed() throws -> StateDirectory {
        let copy = place.state.root + "-\(Path.uniqueName())"
        try FileManager.default.copyItem(atPath: place.state.root, toPath: copy)
        return try StateDirectory(root: copy)
    }

    private func isComplete(_ adapter: AdapterRecord, in state: StateDirectory) -> Bool {
        let folder = state.folder(of: adapter)
        return Folder.entries(of: folder) == adapter.files.map(\.name)
            && adapter.files.allSatisfy {
                (try? FileDigest.sha256(file: "\(folder)/\($0.name)")) == $0.digest
            }
            && Manifest.read(AdapterRecord.self, folder + ".json")?.checksum == adapter.checksum
    }

    @Test
    func `adapters published together are complete, visible and journalled, until the journal is settled`()
        async throws
    {
        let adapters = try await publish(5)
        #expect(adapters.map(\.request) == (0..<5).map { "r-\($0)" })
        #expect(adapters.allSatisfy { isComplete($0, in: place.state) })
        #expect(try await store.adapters.all().count == 5)
        #expect(journalBytes.max() ?? 0 > 0)
        try await store.adapters.settle()
        #expect(journalBytes == [0, 0])
        #expect(adapters.allSatisfy { isComplete($0, in: place.state) })
        // And the other segment takes the next.
        let next = await store.adapters.publish([Sample.draft(request: "r-next")], on: pool)
        #expect(try isComplete(next[0].get(), in: place.state))
    }

    @Test func `the journal is kept until what relies on it is durable`() async throws {
        let isDurable = Mutex(false)
        store.adapters.beforeSettling { () throws(SgloradError) in
            guard isDurable.withLock({ $0 }) else { throw .storageFailure("queue.db", "cannot be written") }
        }
        let ids = try await publish(2).map(\.id)
        #expect(store.adapters.isJournalled(ids) && !store.adapters.isJournalled(ids + ["a-other"]))
        _ = await refusal(.storageFailure) { try await store.adapters.settle() }
        #expect(store.adapters.isJournalled(ids))
        isDurable.withLock { $0 = true }
        try await store.adapters.settle()
        #expect(!store.adapters.isJournalled(ids) && journalBytes == [0, 0])
    }

    @Test func `what a power cut left incomplete is restored at the start, with its row`() async throws {
        let adapters = try await publish(4)
        let state = try crashed()
        // Not written out: a file is empty, one is missing, a folder, a manifest; and no row is there.
        let folders = adapters.map { state.folder(of: $0) }
        try Data().write(to: URL(filePath: folders[0] + "/adapter_model.safetensors"))
        try FileManager.default.removeItem(atPath: folders[1] + "/adapter_config.json")
        try FileManager.default.removeItem(atPath: folders[2])
        try Data("{".utf8).write(to: URL(filePath: folders[3] + ".json"))
        for path in ["", "-wal", "-shm"] {
            try FileManager.default.removeItem(atPath: state.cacheDatabase + path)
        }

        let again = try LibraryStore(state)
        #expect(adapters.allSatisfy { isComplete($0, in: state) })
        #expect(Set(again.journalled.map(\.id)) == Set(adapters.map(\.id)))
        try await again.adapters.adopt(journalled: again.journalled) { (adapter) throws(SgloradError) in
            adapter.request != "r-3"
        }
        #expect(try await Set(again.adapters.all().map(\.id)) == Set(adapters.dropLast().map(\.id)))
        // The journal is empty, so that the next start restores nothing.
        #expect(
            state.adapterJournals.allSatisfy { FileManager.default.contents(atPath: $0)?.isEmpty == true })
        try again.close()
        #expect(try LibraryStore(state).journalled.isEmpty)
        Folder.remove(state.root)
    }

    @Test
    func
        `a record that was written in part, or has a changed byte, restores nothing, and the others are restored`()
        async throws
    {
        let adapters = try await publish(3)
        let state = try crashed()
        for adapter in adapters { Folder.remove(state.folder(of: adapter)) }
        let path = try #require(
            state.adapterJournals.first { FileManager.default.contents(atPath: $0)?.isEmpty == false })
        var bytes = try Data(contentsOf: URL(filePath: path))
        // The content of the first, which stands before the second head; and the end of the last.
        let second = try #require(bytes.range(of: Data("sglorad-adapter".utf8), in: 20..<bytes.count))
        bytes[second.lowerBound - 1] ^= 1
        bytes.removeLast()
        try bytes.write(to: URL(filePath: path))
        let again = try LibraryStore(state)
        #expect(again.journalled.map(\.id) == [adapters[1].id])
        #expect(adapters.map { isComplete($0, in: state) } == [false, true, false])
        try again.close()
        Folder.remove(state.root)
    }

    @Test func `a removed adapter does not come back from the journal, nor does its label stay in it`()
        async throws
    {
        let label = "kittiwake"
        let adapters = try await publish(2, label: label)
        try await store.adapters.remove([adapters[0]])
        let state = try crashed()
        let again = try LibraryStore(state)
        #expect(!Folder.exists(state.folder(of: adapters[0])) && isComplete(adapters[1], in: state))
        #expect(try await again.adapters.all().map(\.id) == [adapters[1].id])
        try again.close()
        Folder.remove(state.root)
        try await store.adapters.remove([adapters[1]])
        for name in try place.files(under: place.state.root) {
            let content = FileManager.default.contents(atPath: place.state.root + "/" + name) ?? Data()
            #expect(content.range(of: Data(label.utf8)) == nil, "\(name)")
        }
    }

    @Test func `a pin and an erased label outlive a crash just after the publication`() async throws {
        let adapters = try await publish(2, label: "kittiwake")
        _ = try await store.adapters.pin(adapters[0].id, true)
        #expect(try await store.adapters.eraseLabels(olderThan: .zero) == 2)
        let state = try crashed()
        for path in ["", "-wal", "-shm"] {
            try FileManager.default.removeItem(atPath: state.cacheDatabase + path)
        }
        let again = try LibraryStore(state)
        _ = try await again.integrity.reconcile { (_) throws(SgloradError) in true }
        let found = try await again.adapters.all()
        #expect(found.count == 2 && found.allSatisfy { $0.label == nil })
        #expect(found.filter(\.isPinned).map(\.id) == [adapters[0].id])
        try again.close()
        Folder.remove(state.root)
    }

    @Test func `of two adapters for one request only one is published, beside those of other requests`()
        async throws
    {
        let drafts = ["r-1", "r-1", "r-2"].map { Sample.draft(request: $0) }
        let results = await store.adapters.publish(drafts, on: pool)
        #expect(results.map { (try? $0.get()) != nil } == [true, false, true])
        #expect(try await store.adapters.all().count == 2)
        #expect(Folder.entries(of: place.state.owner(1000)).count == 4, "two folders, two manifests")
    }

    @Test func `a large adapter is not journalled, and one that cannot be written spoils no other`()
        async throws
    {
        var large = Sample.draft(request: "r-large")
        large.files.append(
            (name: "large.bin", contents: [UInt8](repeating: 1, count: AdapterJournal.largestAdapter)))
        let alone = await store.adapters.publish([large], on: pool)
        #expect(try isComplete(alone[0].get(), in: place.state))
        #expect(journalBytes == [0, 0])
        var impossible = Sample.draft(request: "r-impossible")
        impossible.files.append((name: "missing/deep.bin", contents: [1]))
        large.request = "r-larger"
        let results = await store.adapters.publish(
            [impossible, Sample.draft(request: "r-2"), large], on: pool)
        #expect(results.map { (try? $0.get()) != nil } == [false, true, true])
        #expect(try await store.adapters.all().count == 3)
    }

    @Test func `many publish at the same time while the journal is settled, and nothing is lost`()
        async throws
    {
        let (store, pool) = (store, pool)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<8 {
                group.addTask {
                    for number in 0..<5 {
                        let drafts = (0..<2).map { Sample.draft(request: "r-\(part)-\(number)-\($0)") }
                        for result in await store.adapters.publish(drafts, on: pool) { _ = try result.get() }
                        if number % 2 == part % 2 { try await store.adapters.settle() }
                    }
                }
            }
            try await group.waitForAll()
        }
        let state = try crashed()
        let again = try LibraryStore(state)
        let found = try await again.adapters.all()
        #expect(found.count == 80 && found.allSatisfy { isComplete($0, in: state) })
        try again.close()
        Folder.remove(state.root)
    }
}
