import AdapterFormats
import ErrorModel
import ExpertLibrary
import Files
import Foundation
import Logging
import LowRank
import Synchronization
import TestSupport
import Testing

@testable import Adaptation

@Suite("Publication to model servers", .timeLimit(.minutes(5)))
struct PublicationTests {
    /// A library whose adapters are published, without a daemon.
    private final class Fixture: Sendable {
        let folder: TemporaryFolder
        let store: LibraryStore
        let publication: Publication
        let board = HealthBoard()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

        init(in folder: TemporaryFolder, _ options: PublicationOptions) throws {
            self.folder = folder
            store = try LibraryStore(StateDirectory(root: folder("state")))
            publication = Publication(
                options, store: store, policy: EvictionPolicy(), board: board, logger: logger)
        }

        /// Both servers, with files in the folder.
        static func options(
            _ folder: TemporaryFolder, owner: UserID? = 1000, automatic: Bool = false,
            names: [String: String] = [:]
        ) -> PublicationOptions {
            PublicationOptions(
                llamaServer: .init(preset: folder("preset.ini"), socket: folder("llama.sock")),
                peftDirectory: folder("peft"), baseModelNames: names, owner: owner, isAutomatic: automatic)
        }

        /// A base whose GGUF file is known, and where it is.
        func addBase(_ name: String = "gemma", modelPath: String? = "/srv/gemma.gguf") async throws {
            let layout = try AdapterLayout(
                sites: [Site(path: "layer.0.query", inFeatures: 6, outFeatures: 5)], rank: 2, scale: 2)
            let json =
                #"{"architecture":"bert","layers":1,"digest":"d","fileSize":1,"tensors":{},"heads":[],"keyHeads":[]}"#
            let file = try JSONDecoder().decode(GGUFBase.self, from: Data(json.utf8))
            _ = try await store.bases.insert(
                BaseRecord(
                    name: name, layout: layout, template: PEFTTemplate(), createdAt: .now, modelFile: file,
                    modelPath: modelPath))
        }

        /// An adapter with both formats, or one.
        func make(
            _ request: String, uid: UserID = 1000, label: String? = "travel", base: String = "gemma",
            formats: [String] = ["peft", "gguf"], later seconds: Double = 0
        ) async throws -> AdapterRecord {
            var files: [(name: String, contents: [UInt8])] = []
            if formats.contains("peft") {
                files.append(("adapter_config.json", Array(#"{"base_model_name_or_path":"gemma"}"#.utf8)))
                files.append(("adapter_model.safetensors", Array("weights of \(request)".utf8)))
            }
            if formats.contains("gguf") {
                files.append(("adapter_model.gguf", Array("numbers of \(request)".utf8)))
            }
            let record = try store.adapters.write(
                AdapterDraft(
                    uid: uid, base: base, request: request, files: files, label: label, truncated: false,
                    provenance: "{}", experts: ["expert"],
                    createdAt: Date(timeIntervalSince1970: 1_750_000_000 + seconds)))
            try await store.adapters.insert(record)
            return record
        }

        var preset: String { (try? String(contentsOfFile: folder("preset.ini"), encoding: .utf8)) ?? "" }
        var sections: [String] {
            preset.split(separator: "\n").filter { $0.hasPrefix("[") && $0 != "[*]" }.map {
                String($0.dropFirst().dropLast())
            }
        }
        var folders: [String] { Folder.entries(of: folder("peft")) }
    }

    private let folder: TemporaryFolder
    private let owner = Caller(uid: 1000, isAdministrator: false)
    private let other = Caller(uid: 1001, isAdministrator: false)
    private let administrator = Caller(uid: 0, isAdministrator: true)

    init() throws { folder = try TemporaryFolder() }

    @Test func `the newest adapter of a label serves, and the reply says what it replaced`() async throws {
        let fixture = try Fixture(in: folder, Fixture.options(folder))
        try await fixture.addBase()
        await fixture.publication.begin()
        let (first, second) = (try await fixture.make("r-1"), try await fixture.make("r-2", later: 60))
        let one = try await fixture.publication.publish(first.id, as: nil, for: owner)
        #expect(one.name == "travel" && one.replaced == nil && one.notes.isEmpty)
        #expect(one.servers == [.llamaServer, .peftDirectory])
        #expect(
            fixture.preset.contains("lora = \(fixture.store.adapters.folder(of: first))/adapter_model.gguf"))
        let two = try await fixture.publication.publish(second.id, as: nil, for: owner)
        #expect(two.replaced?.id == first.id)
        #expect(fixture.sections == ["travel"] && fixture.folders == ["travel"])
        #expect(!fixture.preset.contains(first.id) && fixture.preset.contains(second.id))
        let named = try await fixture.publication.publish(first.id, as: "journeys", for: owner)
        #expect(named.name == "journeys" && fixture.sections == ["journeys", "travel"])
        let back = try await fixture.publication.unpublish(second.id, for: owner)
        #expect(back.name == "travel" && fixture.sections == ["journeys"] && fixture.folders == ["journeys"])
        try fixture.store.close()
    }

    @Test func `two users' equal labels are two names, and neither sees the other's adapter`() async throws {
        let fixture = try Fixture(in: folder, Fixture.options(folder))
        try await fixture.addBase()
        let (mine, theirs) = (try await fixture.make("r-1"), try await fixture.make("r-2", uid: 1001))
        #expect(try await fixture.publication.publish(mine.id, as: nil, for: owner).name == "travel")
        #expect(try await fixture.publication.publish(theirs.id, as: nil, for: other).name == "1001-travel")
        #expect(
            fixture.sections == ["1001-travel", "travel"] && fixture.folders == ["1001-travel", "travel"])
        for call in [
            { () async throws -> Void in
                _ = try await fixture.publication.publish(mine.id, as: "x", for: other)
            },
            { () async throws -> Void in _ = try await fixture.publication.unpublish(mine.id, for: other) },
        ] {
            await refusal(.notFound) { try await call() }
        }
        // An administrator publishes under the name of whose adapter it is.
        let moved = try await fixture.publication.publish(theirs.id, as: "mail", for: administrator)
        #expect(moved.name == "1001-mail" && fixture.sections == ["1001-mail", "travel"])
        #expect(try await fixture.publication.nameCount(for: owner) == 1)
        #expect(try await fixture.publication.nameCount(for: administrator) == 2)
        try fixture.store.close()
    }

    @Test(arguments: PublishedNameTests.hostile)
    func `a label that is no name changes neither file`(_ label: String) async throws {
        let fixture = try Fixture(in: folder, Fixture.options(folder, automatic: true))
        try await fixture.addBase()
        // Labels come out of the queue, where a NUL ends them.
        let adapter = try await fixture.make("r-1", label: label.contains("\0") ? "*" : label)
        await fixture.publication.begin()
        let before = fixture.preset
        await refusal(.invalidRequest) {
            _ = try await fixture.publication.publish(adapter.id, as: nil, for: owner)
        }
        await refusal(.invalidRequest) {
            _ = try await fixture.publication.publish(adapter.id, as: label, for: owner)
        }
        #expect(await fixture.publication.publishMade(adapter).publishedAs == nil)
        try await fixture.publication.match()
        #expect(fixture.preset == before && fixture.folders.isEmpty)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "peft", "preset.ini", "state",
            ])
        try fixture.store.close()
    }

    @Test func `what a server lacks is said, and what no server can take is refused`() async throws {
        let fixture = try Fixture(in: folder, Fixture.options(folder, names: ["gemma": "/srv/gemma"]))
        try await fixture.addBase()
        try await fixture.addBase("nowhere", modelPath: nil)
        try await fixture.addBase("odd", modelPath: "/srv/a;b.gguf")
        let (peft, gguf) = (
            try await fixture.make("r-1", label: "peft", formats: ["peft"]),
            try await fixture.make("r-2", label: "gguf", formats: ["gguf"])
        )
        let one = try await fixture.publication.publish(peft.id, as: nil, for: owner)
        #expect(one.servers == [.peftDirectory] && one.notes.count == 1)
        #expect(one.notes.first?.contains("--format gguf") == true)
        let two = try await fixture.publication.publish(gguf.id, as: nil, for: owner)
        #expect(two.servers == [.llamaServer] && two.notes.first?.contains("--format peft") == true)
        #expect(fixture.sections == ["gguf"] && fixture.folders == ["peft"])
        let configuration = try String(
            contentsOfFile: folder("peft/peft/adapter_config.json"), encoding: .utf8)
        #expect(configuration.contains("/srv/gemma"))
        for (base, hint) in [
            ("nowhere", "base add nowhere --gguf"), ("odd", "holds ';'"), ("unknown", "is not known"),
        ] {
            let adapter = try await fixture.make("r-\(base)", base: base, formats: ["gguf"])
            let error = await refusal(.invalidRequest) {
                _ = try await fixture.publication.publish(adapter.id, as: nil, for: owner)
            }
            #expect(error?.message.contains(hint) == true, "\(String(describing: error))")
        }
        let nameless = try await fixture.make("r-9", label: nil)
        let error = await refusal(.invalidRequest) {
            _ = try await fixture.publication.publish(nameless.id, as: nil, for: owner)
        }
        #expect(error?.message.contains("--name") == true)
        // A base that goes takes its names out of the preset file, which is said.
        _ = try await fixture.store.bases.remove("gemma", mayHaveExperts: true)
        try await fixture.publication.match()
        #expect(fixture.sections.isEmpty && fixture.board.all.contains { $0.message.contains("'gguf'") })
        try fixture.store.close()
    }

    @Test func `what is removed is gone from the files before the call returns`() async throws {
        let fixture = try Fixture(in: folder, Fixture.options(folder))
        try await fixture.addBase()
        let adapter = try await fixture.make("r-1")
        _ = try await fixture.publication.publish(adapter.id, as: nil, for: owner)
        _ = try await fixture.store.adapters.remove(guidedBy: "expert")
        try await fixture.publication.settle()
        #expect(fixture.sections.isEmpty && fixture.folders.isEmpty)
        try fixture.store.close()
    }

    @Test func `an adapter that was just made is published where the configuration asks for it`() async throws
    {
        let fixture = try Fixture(in: folder, Fixture.options(folder, automatic: true))
        try await fixture.addBase()
        let (old, new) = (try await fixture.make("r-1"), try await fixture.make("r-2", later: 60))
        #expect(await fixture.publication.publishMade(new).publishedAs == "travel")
        #expect(fixture.publication.replaced(by: new.id) == nil)
        let newest = try await fixture.make("r-4", later: 120)
        #expect(await fixture.publication.publishMade(newest).publishedAs == "travel")
        #expect(fixture.publication.replaced(by: newest.id) == new.id)
        // A retry of what was asked for before does not take the name back.
        #expect(await fixture.publication.publishMade(old).publishedAs == nil)
        let bare = try await fixture.make("r-3", label: nil, later: 90)
        #expect(await fixture.publication.publishMade(bare).publishedAs == nil)
        try await fixture.publication.settle()
        #expect(fixture.sections == ["travel"] && fixture.preset.contains(newest.id))
        let manual = try Fixture(in: try TemporaryFolder(), Fixture.options(folder))
        try await manual.addBase()
        let made = try await manual.make("r-1")
        #expect(await manual.publication.publishMade(made).publishedAs == nil)
        try manual.store.close()
        try fixture.store.close()
    }

    @Test func `after a crash the files agree with the database, and follow another owner`() async throws {
        do {
            let fixture = try Fixture(in: folder, Fixture.options(folder))
            try await fixture.addBase()
            let adapter = try await fixture.make("r-1")
            let theirs = try await fixture.make("r-2", uid: 1001)
            _ = try await fixture.publication.publish(adapter.id, as: nil, for: owner)
            _ = try await fixture.publication.publish(theirs.id, as: nil, for: other)
            try fixture.store.close()
        }
        // As if the daemon had been killed between a commit and the files, in both directions.
        try Data("[gone]\nmodel = /x\n".utf8).write(to: URL(filePath: folder("preset.ini")))
        try folder.write(Array("a-9\n\n".utf8), to: "peft/gone/.sglorad")
        try FileManager.default.removeItem(atPath: folder("peft/travel"))
        let again = try Fixture(in: folder, Fixture.options(folder))
        await again.publication.begin()
        #expect(again.sections == ["1001-travel", "travel"] && again.folders == ["1001-travel", "travel"])
        try again.store.close()
        let others = try Fixture(in: folder, Fixture.options(folder, owner: 1001))
        await others.publication.begin()
        #expect(others.sections == ["1000-travel", "travel"] && others.folders == ["1000-travel", "travel"])
        #expect(try await others.store.adapters.named().map(\.uid) == [1000, 1001])
        try others.store.close()
    }

    @Test func `files that cannot be written are said, and the names stay for the next attempt`() async throws
    {
        var options = Fixture.options(folder)
        try folder.write(Array("in the way".utf8), to: "file")
        options.peftDirectory = folder("file/peft")
        let fixture = try Fixture(in: folder, options)
        try await fixture.addBase()
        let adapter = try await fixture.make("r-1")
        await refusal(.storageFailure) {
            _ = try await fixture.publication.publish(adapter.id, as: nil, for: owner)
        }
        let condition = fixture.board.all.first { $0.name == "publish/files" }
        #expect(condition?.message.contains(folder("file")) == true)
        #expect(condition?.told(to: other)?.message.contains(folder.path) == false)
        try FileManager.default.removeItem(atPath: folder("file"))
        try await fixture.publication.settle()
        #expect(fixture.board.all.isEmpty && Folder.entries(of: folder("file/peft")) == ["travel"])
        try fixture.store.close()
    }

    @Test func `without a model server nothing is published, and nothing is written`() async throws {
        let fixture = try Fixture(in: folder, PublicationOptions())
        try await fixture.addBase()
        let adapter = try await fixture.make("r-1")
        await fixture.publication.begin()
        let error = await refusal(.invalidRequest) {
            _ = try await fixture.publication.publish(adapter.id, as: nil, for: owner)
        }
        #expect(error?.message.contains("publish.llamaServer") == true)
        #expect(!FileManager.default.fileExists(atPath: fixture.store.state.published))
        try fixture.store.close()
    }

    /// A router that does as a test says.
    private final class FakeRouter: ModelRouter {
        struct State {
            var isThere = false
            var listed: Set<String> = []
            var loaded: Set<String> = []
            var calls: [String] = []
        }
        let state = Mutex(State())
        private let sections: @Sendable () -> Set<String>

        init(_ sections: @escaping @Sendable () -> Set<String>) { self.sections = sections }

        func names(reloading: Bool) async throws(RouterFailure) -> Set<String> {
            let read = sections()
            return try state.withLock { (state: inout State) throws(RouterFailure) -> Set<String> in
                state.calls.append(reloading ? "reload" : "list")
                guard state.isThere else { throw RouterFailure("It is not there.", remedy: "Start it.") }
                if reloading { state.listed = read.union(state.loaded) }
                return state.listed
            }
        }

        func unload(_ name: String) async throws(RouterFailure) {
            state.withLock { state in
                state.calls.append("unload \(name)")
                state.loaded.remove(name)
            }
        }
    }

    @Test func `a server that is absent is tried again, and one that keeps a name is made to let go`()
        async throws
    {
        let fixture = try Fixture(in: folder, Fixture.options(folder))
        try await fixture.addBase()
        await fixture.publication.begin()
        let router = FakeRouter { Set(fixture.sections) }
        let service = PublicationService(
            publication: fixture.publication, router: router, board: fixture.board, logger: fixture.logger)
        let running = Task { try await service.run() }
        let adapter = try await fixture.make("r-1")
        let began = ContinuousClock.now
        _ = try await fixture.publication.publish(adapter.id, as: nil, for: owner)
        #expect(ContinuousClock.now - began < .seconds(30), "the call waited for the server")
        try await eventually("the condition") {
            fixture.board.all.contains {
                $0.name == "publish/llama-server" && $0.message == "It is not there."
            }
        }
        #expect(fixture.publication.routerState == .pending)
        router.state.withLock { $0.isThere = true }
        try await eventually("the server to be told") { fixture.publication.routerState == .current }
        #expect(router.state.withLock { $0.listed } == ["travel"] && fixture.board.all.isEmpty)
        // It serves the name, and does not stop by itself when the file no longer has it.
        router.state.withLock { $0.loaded = ["travel"] }
        _ = try await fixture.publication.unpublish(adapter.id, for: owner)
        try await eventually("the name to be gone") { router.state.withLock { $0.listed.isEmpty } }
        #expect(router.state.withLock { $0.calls.contains("unload travel") })
        try await eventually("that to be known") { fixture.publication.routerState == .current }
        running.cancel()
        _ = await running.result
        try fixture.store.close()
    }
}
