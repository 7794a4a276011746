import ErrorModel
import ExpertLibrary
import Files
import Foundation
import LowRank
import Storage
import Testing

/// A library with two experts of one base, a reference, a generator and an adapter, as a daemon leaves it.
struct FilledLibrary {
    let place: TemporaryLibrary
    let store: LibraryStore
    let adapter: AdapterRecord
    let generator: StoredGenerator

    init() async throws {
        place = try TemporaryLibrary()
        let store = try place.open()
        self.store = store
        var base = try Sample.base()
        let checkpoints = ["owls", "apes"].enumerated().map { index, name in
            (name, Sample.checkpoints(base, seed: UInt64(index + 1)))
        }
        base.reference = try store.references.store(
            GaugeReference(
                layout: base.layout,
                parameters: ExpertParameters(checkpoints[0].1, on: base.layout).mean), ofBase: base.name)
        for (index, (name, checkpoints)) in checkpoints.enumerated() {
            var row = Sample.expert(name)
            row.importedAt = Sample.moment.addingTimeInterval(Double(index))
            let stored = try store.experts.store(
                ExpertParameters(checkpoints, on: base.layout), of: row, base: base)
            try await store.experts.insert(stored, creating: index == 0 ? base : nil)
        }
        let digests = try await store.experts.all().map(\.digest)
        generator = try store.generators.store(
            base: base.name, record: "{}", experts: digests, seconds: 3
        ) { descriptor throws(SgloradError) in
            try FileBytes.append(Array("a generator".utf8), to: descriptor, path: "generator")
        }
        try await store.generators.insert(generator)
        adapter = try store.adapters.write(Sample.draft())
        try await store.adapters.insert(adapter)
    }

    func verify(_ depth: LibraryInventory.Depth = .content) async throws -> [LibraryProblem] {
        try await store.integrity.inventory().verify(place.state, depth: depth, minimumAge: 0).problems
    }

    func blob(of expert: String) async throws -> String {
        let row = try #require(try await store.experts.all().first { $0.name == expert })
        return store.blobs.path(of: row.parameters)
    }

    /// Imports an expert of a higher rank, which gives every other expert another blob.
    func raiseRank() async throws {
        let library = try #require(try await store.bases.library("minilm"))
        let old = library.base.layout
        var after = library.base
        after.layout = try old.withRank(4)
        let checkpoints = Sample.checkpoints(try Sample.base(), seed: 9)
        var change = LibraryChange(
            before: library.base, after: after,
            expert: try store.experts.store(
                ExpertParameters(checkpoints, on: after.layout), of: Sample.expert("newts"), base: after))
        change.present = library.experts
        for expert in library.experts {
            let parameters = try store.experts.parameters(of: expert, on: old)
            change.padded.append(
                try store.experts.store(
                    parameters.padded(from: old, to: after.layout), of: expert, base: after))
        }
        let isDone = try await store.experts.apply(change)
        #expect(isDone)
    }

    /// Changes one byte of a file, which keeps its size.
    func damage(_ path: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: path))
    }

    /// The files in quarantine, without the folders' times.
    func aside() throws -> [String] {
        guard FileManager.default.fileExists(atPath: place.state.damaged) else { return [] }
        return try place.files(under: place.state.damaged).map {
            String($0.drop { $0 != "-" }.dropFirst())
        }.sorted()
    }
}

@Suite("Verification and repair")
struct VerifyingTests {
    @Test func `sound files have no problems`() async throws {
        let filled = try await FilledLibrary()
        let found = try await filled.store.integrity.inventory().verify(
            filled.place.state, depth: .content, minimumAge: 0)
        #expect(found.problems.isEmpty && found.blobs == 4 && found.adapters == 1)
        #expect(found.bytes > 7)
        #expect(try await filled.store.integrity.databaseProblems().isEmpty)
    }

    @Test func `a changed byte of an expert is found by reading its content, and the expert is quarantined`()
        async throws
    {
        let filled = try await FilledLibrary()
        let path = try await filled.blob(of: "apes")
        try filled.damage(path)
        #expect(try await filled.verify(.presence).isEmpty)
        let problems = try await filled.verify()
        #expect(problems.map(\.subject) == [.expert(base: "minilm", name: "apes")])
        #expect(problems.map(\.fault) == [.damaged] && problems[0].path == path)
        #expect(try await filled.store.integrity.repair(problems[0]))
        #expect(try await filled.store.experts.all().map(\.name) == ["owls"])
        let digest = Path.name(of: path)
        #expect(
            try filled.aside()
                == ["expertapes/\(digest)", "expertapes/\(digest).json", "expertapes/reason"])
        let item = try #require(Quarantine(filled.place.state).items.first)
        #expect(item.reason.contains(path) && item.reason.contains("Import the expert again"))
        #expect(try await filled.verify().isEmpty)
        #expect(try await !filled.store.integrity.repair(problems[0]), "there is nothing left to repair")
    }

    @Test func `each kind of missing or changed file is named, and repaired as far as possible`() async throws
    {
        let filled = try await FilledLibrary()
        let (store, state) = (filled.store, filled.place.state)
        let library = try #require(try await store.bases.library("minilm"))
        let reference = try #require(library.base.reference)
        let manager = FileManager.default
        try manager.removeItem(atPath: store.blobs.path(of: reference))
        try filled.damage(store.blobs.path(of: filled.generator.parameters))
        let owls = try await filled.blob(of: "owls")
        try manager.removeItem(atPath: owls + ".json")
        try manager.removeItem(
            atPath: store.adapters.folder(of: filled.adapter) + "/adapter_config.json")
        try Data("stray".utf8).write(to: URL(filePath: state.blobs + "/stray"))
        let problems = try await filled.verify()
        let found = Set(problems.map { "\($0.name): \($0.fault.rawValue)" })
        #expect(
            found == [
                "the gauge reference of 'minilm': missing", "generator \(filled.generator.id): damaged",
                "expert 'owls': manifest", "adapter \(filled.adapter.id): missing",
                "\(state.blobs)/stray: unreferenced",
            ])
        for problem in problems {
            let isRepaired = try await store.integrity.repair(problem)
            #expect(isRepaired, "\(problem)")
        }
        #expect(try await filled.verify().isEmpty)
        // The reference is made of the first expert, as the first one was: the same content, the same digest.
        #expect(try await store.bases.library("minilm")?.base.reference == reference)
        #expect(try await store.experts.all().count == 2)
        #expect(try await store.generators.all().isEmpty)
        #expect(try await store.adapters.all().isEmpty)
        #expect(try filled.aside().count == 5, "generator, its manifest, the adapter's rest, and two reasons")
        Quarantine(state).removeAdapters([filled.adapter.id])
        #expect(try filled.aside().count == 3, "what is left is the generator's")
    }

    @Test func `a quarantined adapter reveals neither its label nor its request`() async throws {
        let filled = try await FilledLibrary()
        let adapter = try filled.store.adapters.write(
            Sample.draft(request: "r-ptarmigan", label: "kumquat"))
        try await filled.store.adapters.insert(adapter)
        try filled.damage(filled.store.adapters.folder(of: adapter) + "/adapter_config.json")
        let problems = try await filled.verify()
        #expect(problems.map(\.subject) == [.adapter(adapter.id)])
        #expect(try await filled.store.integrity.repair(problems[0]))
        let root = filled.place.state.root
        for file in try filled.place.files(under: root) where !file.hasPrefix("private/cache.db") {
            let content = try Data(contentsOf: URL(filePath: "\(root)/\(file)"))
            for word in ["r-ptarmigan", "kumquat"] {
                #expect(content.range(of: Data(word.utf8)) == nil, "\(file)")
            }
        }
        #expect(try filled.aside().count == 3, "two files and the reason")
    }

    @Test func `a file that is sound again by the time of the repair is not quarantined`() async throws {
        let filled = try await FilledLibrary()
        let reference = try #require(try await filled.store.bases.library("minilm")?.base.reference)
        for path in [
            try await filled.blob(of: "apes"), filled.store.blobs.path(of: reference),
            filled.store.blobs.path(of: filled.generator.parameters),
        ] {
            let sound = try Data(contentsOf: URL(filePath: path))
            try filled.damage(path)
            let damaged = try await filled.verify()
            try FileManager.default.removeItem(atPath: path)
            let missing = try await filled.verify()
            try sound.write(to: URL(filePath: path))
            #expect(damaged.map(\.fault) == [.damaged] && missing.map(\.fault) == [.missing])
            for problem in damaged + missing {
                let isRepaired = try await filled.store.integrity.repair(problem)
                #expect(!isRepaired, "\(problem)")
            }
        }
        #expect(try filled.aside().isEmpty)
        #expect(try await filled.verify().isEmpty)
        #expect(try await filled.store.experts.all().count == 2)
        #expect(try await filled.store.generators.all().count == 1)
    }

    @Test func `a problem of an expert's former blob does not concern its present one`()
        async throws
    {
        let filled = try await FilledLibrary()
        let (store, state) = (filled.store, filled.place.state)
        let path = try await filled.blob(of: "apes")
        let sound = try Data(contentsOf: URL(filePath: path))
        try filled.damage(path)
        let found = try await filled.verify()
        #expect(found.map(\.path) == [path])
        try FileManager.default.removeItem(atPath: path + ".json")
        try sound.write(to: URL(filePath: path))
        let problems = found + (try await filled.verify())
        #expect(problems.map(\.fault) == [.damaged, .manifest])
        let before = try await store.integrity.inventory()
        #expect(problems.allSatisfy { before.concerns($0, in: state) })
        try await filled.raiseRank()
        let now = try await store.integrity.inventory()
        for problem in problems {
            #expect(!now.concerns(problem, in: state))
            let isRepaired = try await store.integrity.repair(problem)
            #expect(!isRepaired, "\(problem)")
        }
        #expect(try await store.experts.all().map(\.name) == ["apes", "newts", "owls"])
        #expect(try filled.aside().isEmpty)
        #expect(try await filled.verify().isEmpty)
    }

    @Test func `an orphan that has got a row since is no longer a problem`() async throws {
        let filled = try await FilledLibrary()
        let (store, state) = (filled.store, filled.place.state)
        let base = try Sample.base()
        let expert = try store.experts.store(
            ExpertParameters(Sample.checkpoints(base, seed: 77), on: base.layout),
            of: Sample.expert("newts"), base: base)
        let adapter = try store.adapters.write(Sample.draft(request: "r-2"))
        try Data("stray".utf8).write(to: URL(filePath: state.blobs + "/stray"))
        let problems = try await filled.verify()
        #expect(problems.count == 5 && problems.allSatisfy { $0.fault == .unreferenced })
        try await store.experts.insert(expert, creating: nil)
        try await store.adapters.insert(adapter)
        let now = try await store.integrity.inventory()
        let remaining = problems.filter { now.concerns($0, in: state) }
        #expect(remaining.map(\.path) == [state.blobs + "/stray"])
    }

    @Test func `a young file without a row is not yet an orphan`() async throws {
        let filled = try await FilledLibrary()
        try Data("new".utf8).write(to: URL(filePath: filled.place.state.blobs + "/new"))
        let inventory = try await filled.store.integrity.inventory()
        #expect(
            inventory.verify(filled.place.state, depth: .presence, minimumAge: 60).problems.isEmpty)
        #expect(
            inventory.verify(filled.place.state, depth: .presence, minimumAge: 0).problems.count == 1)
    }

    @Test func `a file that appears during a verification is younger than it, however long it takes`()
        async throws
    {
        let filled = try await FilledLibrary()
        let state = filled.place.state
        let inventory = try await filled.store.integrity.inventory()
        var hasCome = false
        let found = inventory.verify(state, depth: .presence, minimumAge: 0) {
            if !hasCome {
                // Times of files count in seconds here: one must have passed since the verification began.
                Thread.sleep(forTimeInterval: 1.1)
                hasCome = FileManager.default.createFile(
                    atPath: state.blobs + "/new", contents: Data("new".utf8))
            }
            return false
        }
        #expect(hasCome && found.problems.isEmpty)
        #expect(inventory.verify(state, depth: .presence, minimumAge: 0).problems.count == 1)
    }

    @Test func `a cancelled verification reports nothing as damaged, wherever it stopped`() async throws {
        let filled = try await FilledLibrary()
        let inventory = try await filled.store.integrity.inventory()
        for last in 0..<24 {
            var asked = 0
            let found = inventory.verify(filled.place.state, depth: .content, minimumAge: 0) {
                asked += 1
                return asked > last
            }
            #expect(found.problems.isEmpty, "cancelled after \(last)")
        }
    }
}
