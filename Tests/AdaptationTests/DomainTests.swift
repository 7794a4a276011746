import AdapterFormats
import ErrorModel
import ExpertLibrary
import Files
import Foundation
import IntentQueue
import Logging
import LowRank
import Privacy
import ServiceLifecycle
import Spool
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
}
