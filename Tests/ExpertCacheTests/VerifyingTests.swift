import DurableStorage
import ErrorModel
import ExpertCache
import Foundation
import LowRank
import Testing

/// A cache with two experts of one base, a reference, a generator and an adapter, as a daemon leaves it.
struct FilledCache {
    let place: TemporaryCache
    let cache: ExpertCache
    let adapter: AdapterRecord
    let generator: GeneratorRow

    init() async throws {
        place = try TemporaryCache()
        let cache = try place.open()
        self.cache = cache
        var base = try Sample.base()
        let checkpoints = ["owls", "apes"].enumerated().map { index, name in
            (name, Sample.checkpoints(base, seed: UInt64(index + 1)))
        }
        base.reference = try cache.store(
            GaugeReference(
                layout: base.layout,
                parameters: ExpertParameters(checkpoints[0].1, on: base.layout).mean), ofBase: base.name)
        for (index, (name, checkpoints)) in checkpoints.enumerated() {
            var row = Sample.expert(name)
            row.importedAt = Sample.moment.addingTimeInterval(Double(index))
            let stored = try cache.store(
                ExpertParameters(checkpoints, on: base.layout), of: row, base: base)
            try await cache.insert(stored, creating: index == 0 ? base : nil)
        }
        let digests = try await cache.experts().map(\.digest)
        generator = try cache.storeGenerator(
            base: base.name, record: "{}", experts: digests, seconds: 3
        ) { descriptor throws(SgloradError) in
            try DurableFile.append(Array("a generator".utf8), to: descriptor, path: "generator")
        }
        try await cache.insert(generator)
        adapter = try cache.writeFolder(Sample.draft())
        try await cache.insert(adapter)
    }

    func verify(_ depth: CacheInventory.Depth = .content) async throws -> [CacheProblem] {
        try await cache.inventory().verify(place.state, depth: depth, minimumAge: 0).problems
    }

    func blob(of expert: String) async throws -> String {
        let row = try #require(try await cache.experts().first { $0.name == expert })
        return cache.blobs.path(of: row.parameters)
    }

    /// Imports an expert of a higher rank, which gives every other expert another blob.
    func raiseRank() async throws {
        let library = try #require(try await cache.library("minilm"))
        let old = library.base.layout
        var after = library.base
        after.layout = try old.withRank(4)
        let checkpoints = Sample.checkpoints(try Sample.base(), seed: 9)
        var change = LibraryChange(
            before: library.base, after: after,
            expert: try cache.store(
                ExpertParameters(checkpoints, on: after.layout), of: Sample.expert("newts"), base: after))
        change.present = library.experts
        for expert in library.experts {
            let parameters = try cache.parameters(of: expert, on: old)
            change.padded.append(
                try cache.store(
                    parameters.padded(from: old, to: after.layout), of: expert, base: after))
        }
        let isDone = try await cache.apply(change)
        #expect(isDone)
    }

    /// Changes one byte of a file, which keeps its size.
    func damage(_ path: String) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: path))
    }

    /// The files that lie aside, without the folders' times.
    func aside() throws -> [String] {
        guard FileManager.default.fileExists(atPath: place.state.damaged) else { return [] }
        return try place.files(under: place.state.damaged).map {
            String($0.drop { $0 != "-" }.dropFirst())
        }.sorted()
    }
}

@Suite("Verifying and repairing")
struct VerifyingTests {
    @Test func `what is as it was stored has no problems`() async throws {
        let filled = try await FilledCache()
        let found = try await filled.cache.inventory().verify(
            filled.place.state, depth: .content, minimumAge: 0)
        #expect(found.problems.isEmpty && found.blobs == 4 && found.adapters == 1)
        #expect(found.bytes > 7)
        #expect(try await filled.cache.databaseProblems().isEmpty)
    }

    @Test func `a changed byte of an expert is found by its content alone, and the expert moved aside`()
        async throws
    {
        let filled = try await FilledCache()
        let path = try await filled.blob(of: "apes")
        try filled.damage(path)
        #expect(try await filled.verify(.presence).isEmpty)
        let problems = try await filled.verify()
        #expect(problems.map(\.subject) == [.expert(base: "minilm", name: "apes")])
        #expect(problems.map(\.fault) == [.damaged] && problems[0].path == path)
        #expect(try await filled.cache.repair(problems[0]))
        #expect(try await filled.cache.experts().map(\.name) == ["owls"])
        let digest = DurableFile.name(of: path)
        #expect(
            try filled.aside()
                == ["expertapes/\(digest)", "expertapes/\(digest).json", "expertapes/reason"])
        let item = try #require(DamagedStore(filled.place.state).items.first)
        #expect(item.reason.contains(path) && item.reason.contains("Import the expert again"))
        #expect(try await filled.verify().isEmpty)
        #expect(try await !filled.cache.repair(problems[0]), "there is nothing left to repair")
    }

    @Test func `each kind of file that is missing or changed is named, and mended as it can be`() async throws
    {
        let filled = try await FilledCache()
        let (cache, state) = (filled.cache, filled.place.state)
        let library = try #require(try await cache.library("minilm"))
        let reference = try #require(library.base.reference)
        let manager = FileManager.default
        try manager.removeItem(atPath: cache.blobs.path(of: reference))
        try filled.damage(cache.blobs.path(of: filled.generator.parameters))
        let owls = try await filled.blob(of: "owls")
        try manager.removeItem(atPath: owls + ".json")
        try manager.removeItem(
            atPath: cache.folder(of: filled.adapter) + "/adapter_config.json")
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
            let isRepaired = try await cache.repair(problem)
            #expect(isRepaired, "\(problem)")
        }
        #expect(try await filled.verify().isEmpty)
        // The reference is made of the first expert, as the first one was: the same content, the same digest.
        #expect(try await cache.library("minilm")?.base.reference == reference)
        #expect(try await cache.experts().count == 2)
        #expect(try await cache.generators().isEmpty)
        #expect(try await cache.adapters(uid: nil).isEmpty)
        #expect(try filled.aside().count == 5, "generator, its manifest, the adapter's rest, and two reasons")
        DamagedStore(state).removeAdapters([filled.adapter.id])
        #expect(try filled.aside().count == 3, "what is left is the generator's")
    }

    @Test func `a damaged adapter leaves neither its label nor its request behind`() async throws {
        let filled = try await FilledCache()
        let adapter = try filled.cache.writeFolder(
            Sample.draft(request: "r-ptarmigan", label: "kumquat"))
        try await filled.cache.insert(adapter)
        try filled.damage(filled.cache.folder(of: adapter) + "/adapter_config.json")
        let problems = try await filled.verify()
        #expect(problems.map(\.subject) == [.adapter(adapter.id)])
        #expect(try await filled.cache.repair(problems[0]))
        let root = filled.place.state.root
        for file in try filled.place.files(under: root) where !file.hasPrefix("cache.db") {
            let content = try Data(contentsOf: URL(filePath: "\(root)/\(file)"))
            for word in ["r-ptarmigan", "kumquat"] {
                #expect(content.range(of: Data(word.utf8)) == nil, "\(file)")
            }
        }
        #expect(try filled.aside().count == 3, "two files and the reason")
    }

    @Test func `what is sound again when it is to be moved aside stays`() async throws {
        let filled = try await FilledCache()
        let reference = try #require(try await filled.cache.library("minilm")?.base.reference)
        for path in [
            try await filled.blob(of: "apes"), filled.cache.blobs.path(of: reference),
            filled.cache.blobs.path(of: filled.generator.parameters),
        ] {
            let sound = try Data(contentsOf: URL(filePath: path))
            try filled.damage(path)
            let damaged = try await filled.verify()
            try FileManager.default.removeItem(atPath: path)
            let missing = try await filled.verify()
            try sound.write(to: URL(filePath: path))
            #expect(damaged.map(\.fault) == [.damaged] && missing.map(\.fault) == [.missing])
            for problem in damaged + missing {
                let isRepaired = try await filled.cache.repair(problem)
                #expect(!isRepaired, "\(problem)")
            }
        }
        #expect(try filled.aside().isEmpty)
        #expect(try await filled.verify().isEmpty)
        #expect(try await filled.cache.experts().count == 2)
        #expect(try await filled.cache.generators().count == 1)
    }

    @Test func `a problem of a blob that its expert no longer has is none of the one it has now`()
        async throws
    {
        let filled = try await FilledCache()
        let (cache, state) = (filled.cache, filled.place.state)
        let path = try await filled.blob(of: "apes")
        let sound = try Data(contentsOf: URL(filePath: path))
        try filled.damage(path)
        let found = try await filled.verify()
        #expect(found.map(\.path) == [path])
        try FileManager.default.removeItem(atPath: path + ".json")
        try sound.write(to: URL(filePath: path))
        let problems = found + (try await filled.verify())
        #expect(problems.map(\.fault) == [.damaged, .manifest])
        let before = try await cache.inventory()
        #expect(problems.allSatisfy { before.concerns($0, in: state) })
        try await filled.raiseRank()
        let now = try await cache.inventory()
        for problem in problems {
            #expect(!now.concerns(problem, in: state))
            let isRepaired = try await cache.repair(problem)
            #expect(!isRepaired, "\(problem)")
        }
        #expect(try await cache.experts().map(\.name) == ["apes", "newts", "owls"])
        #expect(try filled.aside().isEmpty)
        #expect(try await filled.verify().isEmpty)
    }

    @Test func `what has got a row since is no longer what belongs to nothing`() async throws {
        let filled = try await FilledCache()
        let (cache, state) = (filled.cache, filled.place.state)
        let base = try Sample.base()
        let expert = try cache.store(
            ExpertParameters(Sample.checkpoints(base, seed: 77), on: base.layout),
            of: Sample.expert("newts"), base: base)
        let adapter = try cache.writeFolder(Sample.draft(request: "r-2"))
        try Data("stray".utf8).write(to: URL(filePath: state.blobs + "/stray"))
        let problems = try await filled.verify()
        #expect(problems.count == 5 && problems.allSatisfy { $0.fault == .unreferenced })
        try await cache.insert(expert, creating: nil)
        try await cache.insert(adapter)
        let now = try await cache.inventory()
        let remaining = problems.filter { now.concerns($0, in: state) }
        #expect(remaining.map(\.path) == [state.blobs + "/stray"])
    }

    @Test func `a young file that no row speaks of may be on its way`() async throws {
        let filled = try await FilledCache()
        try Data("new".utf8).write(to: URL(filePath: filled.place.state.blobs + "/new"))
        let inventory = try await filled.cache.inventory()
        #expect(
            inventory.verify(filled.place.state, depth: .presence, minimumAge: 60).problems.isEmpty)
        #expect(
            inventory.verify(filled.place.state, depth: .presence, minimumAge: 0).problems.count == 1)
    }

    @Test func `what comes while files are read is younger than the verification, however long it takes`()
        async throws
    {
        let filled = try await FilledCache()
        let state = filled.place.state
        let inventory = try await filled.cache.inventory()
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

    @Test func `a verification that is called off takes nothing for damaged, wherever it was`() async throws {
        let filled = try await FilledCache()
        let inventory = try await filled.cache.inventory()
        for last in 0..<24 {
            var asked = 0
            let found = inventory.verify(filled.place.state, depth: .content, minimumAge: 0) {
                asked += 1
                return asked > last
            }
            #expect(found.problems.isEmpty, "called off after \(last)")
        }
    }
}
