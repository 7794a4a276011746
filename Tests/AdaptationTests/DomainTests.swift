import AdapterFormats
import ErrorModel
import ExpertLibrary
import Files
import Foundation
import Generation
import IntentQueue
import Logging
import LowRank
import Privacy
import ServiceLifecycle
import Spool
import SpoolForms
import TestSupport
import Testing

@testable import Adaptation

/// The whole domain without a socket: the daemon's stores and services, called as its doors call them.
@Suite("Domain", .needsModel, .timeLimit(.minutes(20)))
struct DomainTests {

    private static let layout = try? AdapterLayout(
        sites: [Site(path: "layer.0.query", inFeatures: 6, outFeatures: 5)], rank: 2, scale: 2)
    private let owner = Caller(uid: 1000, isAdministrator: false)
    private let administrator = Caller(uid: 0, isAdministrator: true)

    /// Runs a test with a domain in a temporary folder, its workers running.
    private func withDomain(_ body: (Domain) async throws -> Void) async throws {
        let folder = try TemporaryFolder()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let stores = try await OpenedStores.open(
            StateDirectory(root: folder("state")), options: QueueOptions(),
            keepingTombstones: .seconds(3600), accounts: UserAccounts(),
            progress: Unobserved(), logger: logger)
        let domain = Domain(
            Domain.Options(
                workers: 1, model: Places.model, users: nil, spool: SpoolOptions(),
                eviction: EvictionPolicy(minimumAge: 0), executable: "/nonexistent", environment: [:]),
            stores: stores, logger: logger)
        let workers = Task {
            try await withThrowingTaskGroup { group in
                for worker in domain.workers() { group.addTask { try await worker.run() } }
                try await group.waitForAll()
            }
        }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(domain)) } catch { outcome = .failure(error) }
        workers.cancel()
        _ = await workers.result
        try await stores.queue.close()
        try stores.store.close()
        await domain.shutdown()
        try outcome.get()
    }

    /// Uploads an adapter's files and imports them as an expert.
    private func importExpert(_ name: String, _ description: String, into domain: Domain) async throws {
        let layout = try #require(Self.layout)
        let shift = Float(name.utf8.count) / 100
        let parameters = (0..<layout.parameterCount).map { place in Float(place % 7) * 0.1 - shift }
        let files = try PEFTWriter.files(
            for: LoRAAdapter(layout: layout, parameters: parameters),
            template: PEFTTemplate(baseModelName: "tiny", taskType: nil, targetModules: ["query"]),
            provenance: [:])
        var uploaded: [UploadedFile] = []
        for file in files {
            let reply = try await domain.uploads.receive(
                Data(file.contents), upload: nil, last: true, from: administrator.uid,
                session: UploadStore.Session("test"))
            uploaded.append(UploadedFile(name: file.name, digest: try #require(reply.digest)))
        }
        let order = ExpertImport.Order(name: name, description: description, base: nil, files: uploaded)
        guard case .imported(let change) = try await domain.imports.run(order, from: administrator).outcome
        else {
            Issue.record("the expert was there already")
            return
        }
        #expect(change.expert.name == name)
    }

    @Test func `imports, admission, eviction and erasure work without a socket`() async throws {
        try await withDomain { domain in
            try await importExpert("birds", "match definitions of birds to their names", into: domain)
            try await importExpert("banking", "route questions about bank accounts", into: domain)
            #expect(try await domain.experts.list(base: nil).map(\.name) == ["banking", "birds"])

            let intent = Intent(
                text: "what is this bird called", strategy: "weighted", label: "mine", force: true)
            let first = try await domain.admission.admit(intent, key: "k", from: owner)
            let (request, adapter) = try await domain.follower.result(of: first.id) { _ in }
            #expect(request.state == .done && adapter.uid == owner.uid && adapter.label == "mine")
            // The same key and intent are the same request.
            #expect(try await domain.admission.admit(intent, key: "k", from: owner).id == first.id)
            // Another user's request and adapter do not exist for a stranger.
            let stranger = Caller(uid: 1001, isAdministrator: false)
            #expect(
                await refusal(.notFound) { _ = try await domain.belongings.request(first.id, for: stranger) }
                    != nil)
            #expect(
                await refusal(.notFound) {
                    _ = try await domain.eraser.erase(.request(first.id), for: stranger)
                } != nil)

            let eviction = try await domain.inspector.evict(EvictionPolicy(maximumBytes: 0, minimumAge: 0))
            #expect(eviction.evicted.map(\.id) == [adapter.id] && eviction.kept.isEmpty)
            #expect(try await domain.store.adapters.find(adapter.id) == nil)

            let receipt = try await domain.eraser.erase(.label("mine", of: owner.uid), for: owner)
            #expect(receipt.requests == [first.id] && receipt.adapters.isEmpty)
            #expect(try await domain.queue.request(first.id) == nil)
        }
    }

    @Test func `an intent is refused before it is queued, or by the guidance`() async throws {
        try await withDomain { domain in
            #expect(
                await refusal(.unknownBase) {
                    _ = try await domain.admission.admit(Intent(text: "birds"), key: nil, from: owner)
                } != nil)
            try await importExpert("birds", "match definitions of birds to their names", into: domain)
            #expect(
                await refusal(.invalidIntent) {
                    _ = try await domain.admission.admit(Intent(text: "  "), key: nil, from: owner)
                } != nil)
            let far = Intent(text: "lattice quantum chromodynamics on supercomputers", strategy: "weighted")
            let request = try await domain.admission.admit(far, key: nil, from: owner)
            let refused = await refusal(.noRelevantExpert) {
                _ = try await domain.follower.result(of: request.id) { _ in }
            }
            #expect(refused?.parameters["nearest"] == .string("birds"))
            let explanation = try await domain.inspection.explain(
                Intent(text: "an owl is a bird"), for: owner)
            #expect(explanation.neighbours.first?.expert == "birds")
        }
    }

    /// Trains icm-lora on a domain's library with random examples, gives it a verdict, and imports its file.
    private func importExampleGenerator(
        _ verdict: GeneratorVerdict, dimension: Int = 384, into domain: Domain
    ) async throws -> String {
        let folder = try TemporaryFolder()
        let base = try await domain.snapshots.base(named: nil)
        let encoder = try await domain.encoders.loaded()
        let whole = try await domain.snapshots.whole(base)
        var generator = try smallExampleGenerator(
            LibraryFiles(whole, store: domain.store).native.library(), encoder: encoder.digest,
            dimension: dimension)
        generator.record.base = base.name
        generator.record.verdict = verdict
        let file = try DurableFile(in: folder.path)
        try GeneratorFile.write(.icmLoRA(generator), to: file.descriptor, path: "g")
        try file.commit(as: folder("g"))
        let reply = try await domain.uploads.receive(
            Data(folder.read("g")), upload: nil, last: true, from: administrator.uid,
            session: UploadStore.Session("test"))
        let digest = try #require(reply.digest)
        return try await domain.generators.importFile(digest, from: administrator).generator.standing.row.id
    }

    @Test func `auto takes icm-lora for a request with examples alone; one seed gives the same bytes`()
        async throws
    {
        try await withDomain { domain in
            for (name, description) in [
                ("birds", "match definitions of birds to their names"),
                ("fish", "match definitions of fish to their names"),
                ("banking", "route questions about bank accounts"),
            ] {
                try await importExpert(name, description, into: domain)
            }
            let better = GeneratorVerdict(
                judgedBy: .recall, tasks: 3, own: 0.6, control: 0.5, weighted: 0.4, base: 0.3)
            let id = try await importExampleGenerator(better, into: domain)
            func request(
                _ strategy: String?, seed: Int, examples: [TaskMaterial.Example]?
            ) async throws -> AdapterRecord {
                let intent = Intent(
                    text: "what is this bird called", strategy: strategy, seed: seed, examples: examples)
                let request = try await domain.admission.admit(intent, key: nil, from: owner)
                return try await domain.follower.result(of: request.id) { _ in }.adapter
            }
            /// The digest of an adapter's numbers.
            func numbers(_ adapter: AdapterRecord) -> String? {
                adapter.files.first { $0.name == "adapter_model.safetensors" }?.digest
            }
            let examples = [("it hoots at night", "an owl"), ("it cannot fly", nil)].map {
                TaskMaterial.Example(text: PrivateText($0.0), answer: $0.1.map { PrivateText($0) })
            }
            let first = try await request("icm-lora", seed: 3, examples: examples)
            let provenance = try JSONDecoder().decode(
                Form.Provenance.self, from: Data(first.provenance.utf8))
            #expect(provenance.strategy == "icm-lora" && provenance.generator == id)
            #expect(provenance.examples?.examples == 2 && provenance.examples?.answered == 1)
            #expect(!first.provenance.contains("hoots") && !first.provenance.contains("owl"))
            #expect(Set(provenance.experts.map(\.expert)) == ["birds", "fish", "banking"])
            #expect(numbers(try await request("icm-lora", seed: 3, examples: examples)) == numbers(first))
            #expect(numbers(try await request("icm-lora", seed: 4, examples: examples)) != numbers(first))
            let auto = try await request(nil, seed: 3, examples: examples)
            #expect(auto.provenance.contains(#""strategy":"icm-lora""#))
            #expect(auto.provenance.contains("given examples of them"))
            let without = try await request(nil, seed: 3, examples: nil)
            #expect(without.provenance.contains("icm-lora needs examples of the task"))
            #expect(without.provenance.contains(#""strategy":"weighted""#))
            _ = await refusal(.invalidIntent) { _ = try await request("icm-lora", seed: 3, examples: nil) }

            let explained = try await domain.inspection.explain(
                Intent(text: "what is this bird called", examples: examples), for: owner)
            #expect(explained.guided.strategy == .icmLoRA && explained.neighbours.count == 3)
            #expect(explained.neighbours.first?.expert == provenance.experts.first?.expert)
            #expect(explained.neighbours.allSatisfy { $0.weight != nil })

            // A file that claims this encoder, and reads narrower embeddings.
            _ = try await importExampleGenerator(better, dimension: 5, into: domain)
            let narrow = await refusal(.generatorUnavailable) {
                _ = try await request("icm-lora", seed: 3, examples: examples)
            }
            #expect(narrow?.message.contains("embeddings of 5 numbers") == true)
        }
    }
}
