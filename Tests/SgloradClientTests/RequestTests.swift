import Foundation
import TestSupport
import Testing

@testable import SgloradClient

/// The client with the real daemon: requests, refusals, files, and everything that is asked beside them.
@Suite("Client: requests", .timeLimit(.minutes(20)), .needsModel)
struct RequestTests {
    static let intent = "match definitions of birds to their names"

    @Test("a request returns its adapter, whose files are exported and checked")
    func request() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let client = SgloradClient(socket: daemon.socket)
            let states = Mutexed<[SgloradClient.Request.State]>([])
            let adapter = try await client.request(
                .init(Self.intent, strategy: .weighted, seed: 7, label: "birds"),
                progress: { request in states.change { $0.append(request.state) } })
            #expect(adapter.seed == 7 && adapter.label == "birds" && adapter.provenance.strategy == .weighted)
            #expect(adapter.guidance.first?.name == "wn-birds")
            #expect(states.value.last == .done)
            #expect(abs(adapter.createdAt.timeIntervalSinceNow) < 3600)

            let folder = "\(daemon.folder)/birds"
            try await client.export(adapter, to: folder)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                    == adapter.files.map(\.name).sorted())
            await #expect(throws: SgloradClient.Failure.self, "the folder is taken") {
                try await client.export(adapter, to: folder)
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: daemon.folder).allSatisfy {
                    !$0.hasPrefix(".sglorad")
                })

            #expect(try await client.adapter(adapter.id) == adapter)
            #expect(try await client.adapters(label: "birds").map(\.id) == [adapter.id])
            #expect(try await client.pin(adapter.id).isPinned)
            #expect(try await client.forget(label: "birds").adapters == [adapter.id])
            #expect(await failure { try await client.adapter(adapter.id) }?.isNotFound == true)
        }
    }

    @Test("a refusal names the nearest expert and the request, and nothing of the text")
    func refusal() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let client = SgloradClient(socket: daemon.socket)
            let refused = await failure { try await client.request("qwxz vbnm plok jhgf") }
            guard case .refused(let refusal) = refused else {
                Issue.record("it was not refused: \(String(describing: refused))")
                return
            }
            #expect(refusal.proximity < refusal.threshold && !refusal.message.contains("qwxz"))
            let id = try #require(refusal.requestID)
            #expect(try await client.request(withID: id).state == .refused)
            let explained = try await client.explain("qwxz vbnm plok jhgf")
            #expect(explained.refusal != nil && explained.neighbours.first?.name == refusal.nearest)
        }
    }

    @Test("invalid values, keys, embeddings, status and changes")
    func everythingElse() async throws {
        try await TestDaemon.run(experts: Places.fewExperts) { daemon in
            let client = SgloradClient(socket: daemon.socket)
            let count = await failure { try await client.request(.init(Self.intent, topK: 0)) }
            #expect(count?.field == "topK")
            let base = await failure { try await client.request(Self.intent, base: "none") }
            #expect(base?.field == "base")
            let first = try await client.request(Self.intent, idempotencyKey: "once")
            #expect(try await client.request(Self.intent, idempotencyKey: "once") == first)
            let plain = try await client.encode(["an owl", "a trout"])
            let adapted = try await client.encode(["an owl", "a trout"], adapter: first.id)
            #expect(plain.count == 2 && plain[0].values != adapted[0].values)
            #expect(try await client.status().encoder != nil)

            // The health comes first: from then on no change is missed.
            var changes = client.monitor().makeAsyncIterator()
            guard case .health = try await changes.next() else {
                Issue.record("the health did not come first")
                return
            }
            let id = try await client.submit(.init(Self.intent, seed: 1))
            var final: SgloradClient.Request?
            while final == nil, let event = try await changes.next() {
                if case .request(let request) = event, request.id == id, request.state.isFinal {
                    final = request
                }
            }
            #expect(final?.state == .done)
            #expect(try await client.requests(in: .done).contains { $0.id == id })
            #expect("\(SgloradClient.Intent(Self.intent))".contains("birds") == false)
        }
    }
}
